"""Captions and chapters, as a job and in the foreground: files beside the video, chapters inside it, or a clear end."""

import asyncio
import time
from fractions import Fraction

import av
import pytest
from sqlalchemy import text

from ruach_studio.infra import fonts
from ruach_studio.infra.fonts import FontMissing
from ruach_studio.render.entrypoints.schemas import job_out
from ruach_studio.render.lettering_style import LetteringStyle
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases import produce
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.render_files import render_files
from ruach_studio.render.usecases.request_renders import request_renders

SPOKEN = {
    "language": "en", "sha256": "0" * 64,
    "segments": [{"startMs": 500, "endMs": 2500, "text": "In the beginning was the Word."}],
}  # fmt: skip


@pytest.fixture
def lettered(wire):
    wire["tracks"]["chapters"] = [{"startMs": 0, "title": "One = 1"}, {"startMs": 3000, "title": "Two; 2"}]
    return {**wire, "transcript": SPOKEN}


async def ended(services):
    deadline = time.monotonic() + 60
    while True:
        shown = (await list_jobs(services, "talk-1"))[0]  # the last of its chain
        if shown.job.state in ("completed", "dead-letter"):
            return shown
        assert time.monotonic() < deadline, shown.job
        await asyncio.sleep(0.05)


async def test_a_job_stores_the_files_beside_its_video_and_announces_them(small, services, lock, lettered, work):
    await lock(lettered)
    await request_renders(services, "talk-1", ["short_9_16"], actor="session:op")
    async with work():
        shown = await ended(services)
    job_id, files = shown.job.render_job_id, {file["name"]: file for file in shown.artifact.files}
    assert sorted(files) == ["captions.srt", "captions.vtt", "chapters.vtt"]
    for name, file in files.items():
        assert file["key"] == f"renders/talk-1/short_9_16/{job_id}.{name}"
        assert file["url"] == f"http://studio.test/media/{file['key']}"
        stored = await services.store.stat(file["key"])
        assert (stored.sha256, stored.size_bytes) == (file["sha256"], file["sizeBytes"])
        assert stored.content_type == file["contentType"]
    async with services.database.connection() as conn:
        query = text("select payload from platform.outbox where event_type = 'render.completed'")
        (payload,) = [row.payload for row in await conn.execute(query)]
    assert payload["files"] == list(shown.artifact.files)
    assert [f.name for f in job_out(shown).artifact.files] == ["captions.vtt", "captions.srt", "chapters.vtt"]
    assert [note for note in shown.job.notes if "caption" in note] == []


async def test_the_chapters_are_in_the_mp4_and_the_files_beside_it(small, lettered, tmp_path):
    (made,) = await render_files(lettered, ["full_16_9"], tmp_path, lambda _: None, runner=FfmpegRunner())
    assert [path.name for path in made.files] == [
        "full_16_9.captions.vtt",
        "full_16_9.captions.srt",
        "full_16_9.chapters.vtt",
    ]
    assert "00:00:00.500 --> 00:00:02.500\nIn the beginning was the Word.\n" in made.files[0].read_text()
    with av.open(str(made.path)) as film:
        chapters = [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]["title"]) for c in film.chapters()
        ]
        assert (len(film.streams.video), len(film.streams.audio)) == (1, 1)
    assert [title for _, _, title in chapters] == ["One = 1", "Two; 2"]
    assert [(start, end) for start, end, _ in chapters] == [
        (0, 3),
        (3, pytest.approx(Fraction(20, 3), abs=Fraction(1, 500))),
    ]


async def test_a_style_from_the_caller_turns_everything_off(small, lettered, tmp_path):
    def off(_style):
        return LetteringStyle(captions="off", chapters="off")

    (made,) = await render_files(lettered, ["short_9_16"], tmp_path, lambda _: None, runner=FfmpegRunner(), lettering=off)
    assert made.files == ()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["short_9_16.mp4"]


async def test_a_missing_font_ends_the_job_before_it_draws_with_its_own_cause(
    small, services, lock, lettered, work, monkeypatch, tmp_path
):
    monkeypatch.setattr(produce, "check_fonts", lambda: fonts.check_fonts(tmp_path))
    await lock(lettered)
    await request_renders(services, "talk-1", ["short_9_16"], actor="session:op")
    async with work():
        shown = await ended(services)
    assert (shown.job.state, shown.job.step, shown.job.error["code"]) == ("dead-letter", "preflight", "font_missing")
    async with services.database.connection() as conn:
        rows = await conn.execute(text("select * from platform.dead_letter"))
        (dead,) = [row._mapping for row in rows]
    assert (dead["triage"]["cause"], dead["triage"]["safeToRequeue"]) == (None, "after-repair")


async def test_a_missing_font_does_not_stop_a_video_without_writing(small, wire, monkeypatch, tmp_path):
    monkeypatch.setattr(produce, "check_fonts", lambda: fonts.check_fonts(tmp_path))
    await render_files(wire, ["full_16_9"], tmp_path / "out", lambda _: None, runner=FfmpegRunner())
    wire["tracks"]["chapters"] = [{"startMs": 0, "title": "One"}]
    with pytest.raises(FontMissing):
        await render_files(wire, ["full_16_9"], tmp_path / "out", lambda _: None, runner=FfmpegRunner())
