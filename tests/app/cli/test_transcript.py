"""`ruach transcript …` on a session, and `--transcript` on an EDL file: what goes in comes out, or is refused by name."""

import asyncio
import json

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.assembly.session import Camera, Clip
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.usecases.create_session import create_session
from ruach_studio.infra.context import bind, new_id
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import read_edl

SRT = "1\n00:00:01,000 --> 00:00:02,000\nPeace be with you.\n\n2\n00:00:03,000 --> 00:00:04,000\nAmen.\n"


@pytest.fixture
async def session(services, database):
    camera = Camera("A", (Clip("/m/a.mp4", 60.0, FrameRate.parse(25), 64, 36, True),))
    with bind(correlation_id=new_id()):
        await create_session(services, actor="session:tester", session_id="talk")
        async with database.transaction() as tx:
            await sessions.insert_camera(
                tx, "talk", camera, [1], asset_id=new_id(), actor="session:tester", at=services.clock.now()
            )
    return "talk"


@pytest.fixture
def cli(database_url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path))

    async def run(*words, code=0):
        assert await asyncio.to_thread(run_command, [*words]) == code
        return capsys.readouterr()

    return run


async def test_a_transcript_is_imported_shown_and_corrected(session, cli, tmp_path):
    file = tmp_path / "talk.srt"
    file.write_text(SRT, encoding="utf-8")
    made = json.loads((await cli("transcript", "import", session, str(file), "--of", "A", "--json")).out)
    assert (made["version"], made["placed"], made["segments"][1]["of"]) == (1, False, {"cameraId": "A", "clipIndex": 0})
    edits = tmp_path / "edits.json"
    edits.write_text('[{"op": "speaker", "ids": [1, 2], "speaker": "Ann"}]')
    assert (
        "version 2: 2 segments, operator"
        in (await cli("transcript", "edit", session, str(edits), "--base-version", "1")).out
    )
    assert "Ann: Peace be with you." in (await cli("transcript", "show", session)).out
    assert (
        "version 1 was worked on"
        in (await cli("transcript", "edit", session, str(edits), "--base-version", "1", code=2)).err
    )
    file.write_text(SRT.replace("00:00:04,000", "00:00:02,000"))
    broken = await cli("transcript", "import", session, str(file), "--base-version", "2", code=2)
    assert "talk.srt: cue 2, line 6: it ends before it starts" in broken.err
    assert (
        "there is no format 'ass'" in (await cli("transcript", "import", session, str(file), "--format", "ass", code=2)).err
    )


def test_an_edl_file_is_locked_with_its_transcript(make_file_edl, tmp_path, capsys):
    file, subs = make_file_edl(), tmp_path / "b.srt"
    subs.write_text(SRT)
    assert run_command(["edl", "approve", str(file)]) == 0
    assert run_command(["edl", "lock", str(file), "--transcript", str(subs), "--transcript-of", "Q"]) == 2
    assert "Q:1: the EDL has no such recording" in capsys.readouterr().err
    assert run_command(["edl", "lock", str(file), "--transcript", str(subs), "--transcript-of", "B"]) == 0
    told = read_edl(json.loads(file.read_text())).transcript
    assert told is not None
    assert [(float(s.start_s), s.text) for s in told.segments] == [(3.25, "Peace be with you."), (5.25, "Amen.")]


@pytest.fixture
def make_file_edl(tmp_path):
    """Write a draft of ten seconds whose camera B started 2.25 s after the master."""

    def make():
        clip = {
            "driftPpm": 0,
            "durationMs": 10_000,
            "fps": "25/1",
            "width": 64,
            "height": 36,
            "hasAudio": True,
            "startMs": 0,
        }
        source = {"role": "camera", "driftPpm": 0, "syncConfidence": 0.9}
        cut = {"startFrame": 0, "endFrameExclusive": 250, "camera": "A", "reason": "speaker", "confidence": 0.9, "id": "c1",
               "startMs": 0, "endMs": 10_000}  # fmt: skip
        edl = {
            "schemaVersion": "1.0", "sessionId": "talk", "masterCamera": "A", "fps": "25/1", "durationFrames": 250,
            "rulesVersion": "angle-v2", "syncVersion": 1, "version": 1, "status": "draft", "source": "auto",
            "tracks": {"program": [cut]},
            "sources": {
                name: {**source, "assetId": name, "offsetMs": at, "clips": [{**clip, "path": f"/m/{name}", "offsetMs": at}]}
                for name, at in (("A", 0), ("B", 2250))
            },
        }  # fmt: skip
        file = tmp_path / "talk.edl.json"
        file.write_text(json.dumps(edl))
        return file

    return make
