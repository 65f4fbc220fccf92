"""Formats, subjects and thumbnails at the terminal: in words, as JSON, and a refusal in one line."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.render.store import edls

CLIP = {"path": "/no/such/a.mp4", "offsetMs": 0, "durationMs": 4000, "fps": "30/1"}
WIRE = {
    "schemaVersion": "1.0", "sessionId": "talk", "masterCamera": "A", "durationFrames": 120, "fps": "30/1", "version": 1,
    "status": "locked", "tracks": {"program": [{"startFrame": 0, "endFrameExclusive": 120, "camera": "A"}]},
    "sources": {"A": {"role": "camera", "clips": [CLIP]}},
}  # fmt: skip


@pytest.fixture
def studio(database_url, tmp_path, monkeypatch):
    """A database with one locked EDL, which the command line will open."""

    async def prepare():
        async with Database(database_url) as database:
            with bind(correlation_id=new_id()):
                async with database.transaction() as tx:
                    await edls.keep(tx, "talk", 1, WIRE, locked_by="test", at=datetime(2026, 11, 26, tzinfo=UTC))

    asyncio.run(prepare())
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path))


def told(capsys, *words):
    code = run_command([*words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_format_is_added_from_a_file_listed_and_shown(studio, tmp_path, capsys):
    file = tmp_path / "story.toml"
    file.write_text('name = "story"\nwidth = 720\nheight = 1280\nfit = "crop"\nreframe = "subject"\nmaxLengthS = 45\n')
    code, out, _ = told(capsys, "preset", "add", str(file), "--reason", "stories")
    assert code == 0
    assert out == "story (version 1): 720x1280 mp4, crop around the subject, at most 45 s, -14 LUFS\n"
    file.write_text(file.read_text().replace("45", "30"))
    assert "(version 2)" in told(capsys, "preset", "add", str(file))[1]
    listed = json.loads(told(capsys, "preset", "list", "--json")[1])
    assert [(each["name"], each["version"]) for each in listed][3:] == [("thumbnail", None), ("story", 2)]
    assert len(told(capsys, "preset", "show", "story")[1].splitlines()) == 2
    code, _, err = told(capsys, "preset", "show", "tiktok")
    assert (code, "thumbnail, story" in err) == (2, True)


def test_a_subject_is_placed_and_what_cannot_be_is_said(studio, capsys):
    assert told(capsys, "frame", "talk")[1] == "nothing said: every camera is placed by rule\n"
    assert told(capsys, "frame", "talk", "A", "0.4")[1] == "camera A: 0.4 (version 1)\n"
    assert told(capsys, "frame", "talk", "A", "rule")[1] == "camera A: by rule (version 2)\n"
    for words, fact in (
        (("talk", "Z", "0.4"), "Use one of A"), (("talk", "A", "2"), "between 0"), (("talk", "A"), "belong together"),
        (("talk", "A", "left"), "is no place"), (("nobody", "A", "0.4"), "no locked EDL"),
    ):  # fmt: skip
        code, _, err = told(capsys, "frame", *words)
        assert (code, fact in err) == (2, True), words


def test_a_thumbnail_that_is_none_is_refused(studio, capsys):
    code, _, err = told(capsys, "thumbnail", "11111111-1111-4111-8111-111111111111", "2", "--json")
    assert (code, json.loads(err)["code"]) == (2, "render_job_not_found")
