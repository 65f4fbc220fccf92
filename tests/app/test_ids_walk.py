"""One request from the click to the published file: the same ids in every line, header, job, event, row, span and story.

The whole application in one process: HTTP, worker, relay, all consumers. The still of a small film is what is rendered.
"""

import asyncio
import json
import logging
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
import sqlalchemy as sa

from ruach_studio.app.background import background
from ruach_studio.app.telemetry import open_tracing
from ruach_studio.app.trace import tell
from ruach_studio.events.assembly import EdlLocked
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.ids import is_uuid4
from ruach_studio.render import presets
from ruach_studio.testing.otlp import collector

GIVEN = "9f1c1a52-0b7a-4d0e-8a39-0f6f5f5a7b11"
PROCESS = "11111111-0b7a-4d0e-8a39-0f6f5f5a7b11"


@pytest.fixture
def receiver():
    with collector() as opened:
        yield opened


@pytest.fixture
def still(monkeypatch):
    small = {name: replace(preset, width=160, height=90) for name, preset in presets.PRESETS.items()}
    monkeypatch.setattr(presets, "PRESETS", small)


@pytest.fixture
def json_lines(capsys):
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure(load_settings(log_json=True, log_level="DEBUG"))
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def wire(tmp_path):
    path = film(tmp_path / "a.mp4")
    clip = {
        "path": str(path), "offsetMs": 0.0, "driftPpm": 0.0, "durationMs": 1000.0, "fps": "30/1", "width": 320,
        "height": 180, "hasAudio": False, "startMs": 0.0,
    }  # fmt: skip
    cut = {
        "id": "cut-0", "startMs": 0.0, "endMs": 1000.0, "startFrame": 0, "endFrameExclusive": 30, "camera": "A",
        "reason": "speaker", "confidence": 0.9, "reasons": ["because"],
    }  # fmt: skip
    return {
        "schemaVersion": "1.0", "sessionId": "talk-1", "masterCamera": "A", "durationMs": 1000.0, "durationFrames": 30,
        "fps": "30/1", "version": 3, "status": "locked", "source": "auto", "rulesVersion": "angle-v2", "syncVersion": 1,
        "parentVersion": None, "tracks": {"program": [cut], "overlays": [], "chapters": [], "shorts": []},
        "sources": {"A": {"assetId": "asset-A", "role": "camera", "clips": [clip]}},
        "audio": {"programme": "A", "fallback": []},
    }  # fmt: skip


async def until(work, deadline_s=60.0):
    async with asyncio.timeout(deadline_s):
        while True:
            if await work():
                return
            await asyncio.sleep(0.05)


def film(path):
    """Write a second of grey, 30 frames."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        for k in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((270, 320), 100 + k, np.uint8), format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, 30)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


async def test_from_the_click_to_the_address_under_one_id(services, caller, database, wire, still, receiver, json_lines):
    operator = await caller("operator")
    with (
        open_tracing(load_settings(otel_endpoint=receiver.address)),
        bind(correlation_id=PROCESS, automation_id=new_id()),
    ):  # what the service itself was started under
        with bind(correlation_id=new_id()):
            async with database.transaction() as tx:
                await publish(tx, EdlLocked("talk-1", 3, "session:someone", wire))
        async with background(services):

            async def locked():
                async with database.connection() as conn:
                    return await conn.scalar(sa.text("SELECT count(*) FROM render.locked_edl"))

            await until(locked)
            json_lines()
            asked = await operator.post(
                "/render-jobs/trigger", json={"sessionId": "talk-1", "format": "thumbnail"},
                headers={"X-Correlation-ID": GIVEN},
            )  # fmt: skip
            assert (asked.status_code, asked.headers["X-Correlation-ID"]) == (202, GIVEN)
            (job,) = asked.json()["jobs"]

            async def taken():
                async with database.connection() as conn:
                    return await conn.scalar(
                        sa.text("SELECT count(*) FROM platform.inbox i JOIN platform.outbox o ON o.event_id = i.event_id"
                                " WHERE o.event_type = 'render.completed'")
                    )  # fmt: skip

            await until(taken)
            stream = await operator.get(f"/render-jobs/{job['renderJobId']}/progress")
            assert is_uuid4(stream.headers["X-Correlation-ID"])
    said = json_lines()
    job_id, automation_id = job["renderJobId"], job["automationId"]

    # every line of the request's work bears its ids, and none of the process's
    by_event = {}
    for line in said:
        assert is_uuid4(line["correlationId"]), line
        by_event.setdefault(line["event"], []).append(line)
    ours = [line for line in said if line["correlationId"] == GIVEN]
    names = {line["event"] for line in ours}
    assert {
        "request.finished", "job.started", "render.step.started", "render.step.finished", "render.completed",
        "job.completed", "event.consumed",
    } <= names, names  # fmt: skip
    for line in ours:
        if line["event"] != "request.finished":
            assert (line["automationId"], line["renderJobId"]) == (automation_id, job_id), line
    for name in ("job.started", "render.step.started", "render.completed", "job.completed"):
        assert {line["correlationId"] for line in by_event[name]} == {GIVEN}, name
    foreign = [line for line in said if line["correlationId"] == PROCESS and job_id in json.dumps(line)]
    assert foreign == []

    # BullMQ's own job and the event's envelope
    async with database.connection() as conn:
        data = await conn.scalar(sa.text("SELECT data FROM bullmq.job WHERE id = :id"), {"id": job_id})
        data = json.loads(data) if isinstance(data, str) else data
        event = (await conn.execute(sa.text("SELECT * FROM platform.outbox WHERE event_type = 'render.completed'"))).one()
    assert (data["correlationId"], data["automationId"]) == (GIVEN, automation_id)
    assert data["traceparent"].startswith("00-" + GIVEN.replace("-", ""))
    assert (event.correlation_id, event.automation_id, event.payload["renderJobId"]) == (GIVEN, automation_id, job_id)

    # the story, by each of its ids
    async def written():
        return (await tell(services, GIVEN)).lines[0].what == "request.answered"

    await until(written)
    stories = {asked: await tell(services, asked) for asked in (GIVEN, automation_id, job_id, "talk-1")}
    what = [line.what for line in stories[GIVEN].lines]
    order = [
        "request.answered", "job.queued", "job.started", "render-job.processing", "render.step.done",
        "artifact.published", "render-job.completed", "job.completed",
    ]  # fmt: skip
    first = [what.index(name) for name in order]
    assert first == sorted(first), what
    assert {"event.published", "event.consumed", "decisions.recorded"} <= set(what)
    request = stories[GIVEN].lines[0]
    assert request.said.startswith("POST /render-jobs/trigger answered 202 by session:")
    for asked, story in stories.items():
        (published,) = [line for line in story.lines if line.what == "artifact.published"]
        assert published.facts["url"].startswith("http://studio.test/media/"), asked
        assert "request.answered" in [line.what for line in story.lines], asked
    assert "event.consumed" in [line.what for line in stories["talk-1"].lines]

    # the operator's route, and nobody else's
    answer = await operator.get(f"/ops/trace/{automation_id}")
    assert [line["what"] for line in answer.json()["lines"]] == [line.what for line in stories[automation_id].lines]
    assert (await operator.get(f"/ops/trace/{new_id()}")).status_code == 404
    assert (await operator.get("/ops/trace/%21")).status_code == 422
    assert (await (await caller("member")).get(f"/ops/trace/{GIVEN}")).status_code == 403

    # and the spans
    trace_id = GIVEN.replace("-", "")
    by_name = {span["name"]: span for span in receiver.spans() if span["trace_id"] == trace_id}
    assert {"POST", "job render-jobs/render", "render.step render", "render.step upload"} <= set(by_name)
    job_span = by_name["job render-jobs/render"]
    assert job_span["parent"] == by_name["POST"]["span_id"]
    assert by_name["render.step render"]["parent"] == job_span["span_id"]
    assert job_span["facts"]["ruach.renderJobId"] == job_id
    assert by_name["POST"]["facts"]["route"] == "/render-jobs/trigger"
    taken = [span for name, span in by_name.items() if name.startswith("event ")]
    assert {span["parent"] for span in taken} == {trace_id[16:]}  # whoever sent the id began the trace
