"""A thumbnail with its candidates through the real worker, and an operator's choice among them."""

import asyncio
import io

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import text

from ruach_studio.infra.audit import list_transitions
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.usecases.choose_thumbnail import NoSuchCandidate, NothingOffered, choose_thumbnail, read_offer
from ruach_studio.render.usecases.read_jobs import get_job, list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.testing.strip import read_strip


@pytest.fixture
async def long_wire(make_film, make_clip, make_edl, tmp_path):
    films = {c: make_film(tmp_path / f"{c}.mp4", c, 110, fps="5", keyint=5) for c in "AB"}
    cameras = {c: [make_clip(path, frames=110, fps="5", has_audio=False)] for c, path in films.items()}
    return make_edl([(37, "A"), (73, "B"), (110, "A")], cameras, fps="5/1")


@pytest.fixture
async def done(services, lock, long_wire, work):
    await lock(long_wire)
    (asked,) = await request_renders(services, "talk-1", ["thumbnail"], actor="a")
    async with work():
        while (await list_jobs(services, "talk-1"))[0].job.state != "completed":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return asked.job.render_job_id


async def test_the_pictures_are_real_frames_stored_and_one_is_taken_by_name(small, services, done, long_wire):
    offer = await read_offer(services, done)
    plan = plan_render(long_wire, PRESETS["thumbnail"])
    assert (offer.taken, offer.choice, len(offer.pictures)) == (1, None, 4)
    assert {row.camera for row in offer.pictures[:2]} == {"A", "B"}
    for row in offer.pictures:
        data = services.store.path_of(row.key).read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            assert read_strip(np.asarray(image)) == plan.shown(row.frame) == (row.camera, row.frame)
        assert len(data) == row.size_bytes
    before = await get_job(services, done)
    assert (before.artifact.key, before.chosen) == (offer.pictures[0].key, None)

    taken = await choose_thumbnail(services, done, 3, actor="session:op", reason="she smiles")
    assert (taken.taken, taken.choice.chosen_by, taken.choice.number) == (3, "session:op", 1)
    assert (await choose_thumbnail(services, done, 3, actor="session:other")).choice.chosen_by == "session:op"
    after = await get_job(services, done)
    assert (after.artifact, after.chosen.url) == (before.artifact, offer.pictures[2].url)
    assert (await choose_thumbnail(services, done, 1, actor="session:op")).choice.number == 2
    async with services.database.connection() as conn:
        rows = await list_transitions(conn, entity="thumbnail", entity_id=done)
        decisions = (await conn.execute(text("select count(*) from platform.decision_audit"))).scalar_one()
    assert [(r["from"], r["to"], r["reason"]) for r in sorted(rows, key=lambda r: r["seq"])] == [
        ("picture 1", "picture 3", "she smiles"), ("picture 3", "picture 1", ""),
    ]  # fmt: skip
    assert decisions == 1


async def test_what_is_not_offered_cannot_be_taken(small, services, done, lock, wire):
    for place in (0, 5):
        with pytest.raises(NoSuchCandidate, match="Choose 1 to 4"):
            await choose_thumbnail(services, done, place, actor="a")
    await lock({**wire, "sessionId": "talk-2"})
    (waiting,) = await request_renders(services, "talk-2", ["thumbnail"], actor="a")
    with pytest.raises(NothingOffered, match="it is queued"):
        await read_offer(services, waiting.job.render_job_id)
