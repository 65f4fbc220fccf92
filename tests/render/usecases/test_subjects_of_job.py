"""Where a job's subjects are: an operator's word, kept from a job's first run to its last retry."""

import asyncio
from fractions import Fraction

import pytest

from ruach_studio.infra.audit import list_decisions, list_transitions
from ruach_studio.kernel.errors import MediaFailure
from ruach_studio.render import presets
from ruach_studio.render.presets import preset_sha256
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.store.edls import NoLockedEdl
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.read_subjects import list_positions
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.set_subject import BadPlace, NoSuchCamera, set_subject


class Watching(FfmpegRunner):
    """Notes where each run crops; fails the first time, after the operator changed his mind."""

    def __init__(self, meanwhile):
        super().__init__()
        self.meanwhile, self.seen = meanwhile, []

    async def render(self, plan, workdir, *given):
        self.seen.append({segment.camera: segment.subject_x for segment in plan.segments})
        if len(self.seen) == 1:
            await self.meanwhile()
            raise MediaFailure("broken", subject="test")
        return await super().render(plan, workdir, *given)


async def test_a_retry_crops_as_the_first_run_did_and_the_audit_says_where(small, services, lock, wire, work):
    await lock(wire)
    await set_subject(services, "talk-1", "A", 0.3, actor="session:op", reason="she stands left")
    runner = Watching(lambda: set_subject(services, "talk-1", "A", 0.8, actor="session:op"))
    await request_renders(services, "talk-1", ["short_9_16"], actor="a")
    async with work(runner):
        while len(ended := [s.job for s in await list_jobs(services, "talk-1") if s.job.state == "completed"]) == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert runner.seen == [{"A": Fraction(3, 10), "B": Fraction(1, 2)}] * 2
    (made,) = ended
    assert (made.attempt, made.preset_sha256) == (2, preset_sha256(presets.PRESETS["short_9_16"]))
    async with services.database.connection() as conn:
        rows = await list_decisions(conn, automation_id=made.automation_id)
    said = [row["result"]["reasons"][0] for row in rows if row["result"]["rulesVersion"] == "framing-v1"]
    assert len(said) == 2
    assert "camera A: the operator put the subject at 0.30" in said
    assert any("camera B: " in note for note in made.notes)


async def test_words_are_versions_each_with_its_name_and_reason(services, lock, wire):
    await lock(wire)
    await set_subject(services, "talk-1", "A", 0.3, actor="a", reason="left")
    await set_subject(services, "talk-1", "A", 0.3, actor="b")
    await set_subject(services, "talk-1", "A", None, actor="b", reason="let it find her")
    await set_subject(services, "talk-1", "B", 1.0, actor="a")
    found = await list_positions(services, "talk-1")
    assert [(row.camera, row.version, row.x, row.set_by) for row in found] == [("A", 2, None, "b"), ("B", 1, 1.0, "a")]
    async with services.database.connection() as conn:
        rows = await list_transitions(conn, entity="subject-position", entity_id="talk-1/A")
    assert [(row["from"], row["to"], row["actor"]) for row in sorted(rows, key=lambda row: row["seq"])] == [
        (None, "0.3", "a"), ("0.3", "by rule", "b"),
    ]  # fmt: skip


async def test_what_cannot_be_is_refused(services, lock, wire):
    with pytest.raises(NoLockedEdl):
        await set_subject(services, "talk-1", "A", 0.3, actor="a")
    await lock(wire)
    for x in (-0.1, 1.01, float("nan")):
        with pytest.raises(BadPlace):
            await set_subject(services, "talk-1", "A", x, actor="a")
    with pytest.raises(NoSuchCamera, match="Use one of A, B"):
        await set_subject(services, "talk-1", "Z", 0.3, actor="a")
    assert await list_positions(services, "talk-1") == []
