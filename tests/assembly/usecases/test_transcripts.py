"""A transcript keeps its recording's clock, moves with the sync, has versions, and goes with the EDL that is locked."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.assembly.edl import edl_bytes, to_wire
from ruach_studio.assembly.ports import TranscriberMissing
from ruach_studio.assembly.store import edls
from ruach_studio.assembly.store.transcripts import TranscriptNotFound
from ruach_studio.assembly.transcript import Segment, Word
from ruach_studio.assembly.transcript_edit import TextEdit
from ruach_studio.assembly.transcript_fault import BadTranscript
from ruach_studio.assembly.usecases.correct_sync import Correction, correct_sync
from ruach_studio.assembly.usecases.edit_transcript import edit_transcript
from ruach_studio.assembly.usecases.get_transcript import get_transcript, spoken
from ruach_studio.assembly.usecases.import_transcript import TranscriptFile, import_transcript, recording_of
from ruach_studio.assembly.usecases.lock_edl import lock_edl
from ruach_studio.assembly.usecases.move_edl import move_edl
from ruach_studio.assembly.usecases.set_transcript import TranscriptConflict
from ruach_studio.assembly.usecases.transcribe import transcribe
from ruach_studio.kernel.errors import BadInput

ACTOR = "session:tester"
SRT = b"1\n00:00:02,000 --> 00:00:04,000\nPeace be with you.\n\n2\n00:00:05,000 --> 00:00:06,000\nAnd also with you.\n"


def file_of(data=SRT, **kwargs):
    return TranscriptFile(data, "talk.srt", **kwargs)


def times(view):
    return [(each.segment.start_ms, each.segment.end_ms) for each in view.segments]


async def events(services):
    async with services.database.connection() as conn:
        rows = await conn.execute(sa.text("SELECT payload FROM platform.outbox WHERE event_type = 'edl.locked'"))
        return [row.payload["edl"] for row in rows]


async def test_before_the_sync_it_waits_and_with_it_it_lies_where_the_recording_does(services, ingested, footage):
    made = await import_transcript(services, ingested, file_of(of=("B", 0)), base_version=0, actor=ACTOR)
    assert (made.row.version, made.is_placed, times(made)) == (1, False, [(2000, 4000), (5000, 6000)])
    assert (made.row.origin, made.row.details["file"], made.row.details["format"]) == ("import", "talk.srt", "srt")
    with pytest.raises(BadTranscript, match="B, clip 1: it has no place"):
        async with services.database.connection() as conn:
            await spoken(conn, ingested)


async def test_a_corrected_sync_moves_the_words_and_edits_make_versions(services, synced, footage):
    made = await import_transcript(services, synced, file_of(of=("B", 0)), base_version=0, actor=ACTOR)
    assert (made.is_placed, made.sync_version) == (True, 1)
    assert times(made)[0][0] == pytest.approx(2000 + 1250, abs=2.0)
    await correct_sync(services, synced, [Correction("B", 3000.0, drift_ppm=100.0)], base_version=1, actor=ACTOR)
    moved = await get_transcript(services, synced)
    assert (times(moved), moved.sync_version) == ([(5000.2, 7000.4), (8000.5, 9000.6)], 2)
    assert moved.row.sha256 == made.row.sha256  # what is stored has not changed
    await edits_make_versions(services, synced)


async def edits_make_versions(services, synced):
    edited = await edit_transcript(
        services, synced, [TextEdit("text", (1,), "Grace be with you."), TextEdit("speaker", (1, 2), speaker="Ann")],
        base_version=1, actor=ACTOR,
    )  # fmt: skip
    assert (edited.row.version, edited.row.origin, edited.row.details["firstOrigin"]) == (2, "operator", "import")
    with pytest.raises(TranscriptConflict) as caught:
        await edit_transcript(services, synced, [TextEdit("delete", (1,))], base_version=1, actor=ACTOR)
    assert caught.value.details == {"base_version": 1, "current_version": 2}
    first = await get_transcript(services, synced, 1)
    assert [each.segment.text for each in first.segments] == ["Peace be with you.", "And also with you."]
    with pytest.raises(TranscriptNotFound, match="no version 7"):
        await get_transcript(services, synced, 7)


async def test_what_does_not_belong_is_refused_and_what_is_heard_has_its_clock(services, synced):
    late = SRT + b"\n3\n00:59:00,000 --> 00:59:01,000\nlost\n"
    with pytest.raises(BadTranscript, match=r"talk.srt: cue 3 lies outside the 2\d"):
        await import_transcript(services, synced, file_of(late, of=("B", 0)), base_version=0, actor=ACTOR)
    with pytest.raises(BadTranscript, match="cue 3 lies outside"):  # on the master timeline: outside the programme
        await import_transcript(services, synced, file_of(late), base_version=0, actor=ACTOR)
    with pytest.raises(BadInput, match=r"Q:1: the session has no such recording. It has A:1"):
        await import_transcript(services, synced, file_of(of=("Q", 0)), base_version=0, actor=ACTOR)
    with pytest.raises(TranscriptNotFound):
        await get_transcript(services, synced)
    kept = await import_transcript(services, synced, file_of(late, leave_out=True), base_version=0, actor=ACTOR)
    assert (kept.row.details["leftOut"], len(kept.segments)) == ([3], 2)
    await transcribed(services, synced)


def test_a_recording_is_named_by_camera_and_clip():
    assert (recording_of("A"), recording_of("A:2")) == (("A", 0), ("A", 1))
    for wrong in ("A:0", "A:x", "A:"):
        with pytest.raises(BadInput):
            recording_of(wrong)


async def test_a_locked_edl_carries_the_transcript_and_keeps_its_own(services, drafted):
    async with services.database.connection() as conn:
        draft = await edls.get(conn, drafted)
    assert "transcript" not in to_wire(draft)
    await import_transcript(services, drafted, file_of(of=("B", 0), language="en"), base_version=0, actor=ACTOR)
    await move_edl(services, drafted, "submit", version=1, actor=ACTOR)
    await move_edl(services, drafted, "approve", version=1, actor=ACTOR)
    locked = await lock_edl(services, drafted, version=1, actor=ACTOR)
    (wire,) = await events(services)
    said = wire["transcript"]
    assert (said["language"], [each["text"] for each in said["segments"]]) == (
        "en", ["Peace be with you.", "And also with you."],
    )  # fmt: skip
    assert said["segments"][0]["startMs"] == pytest.approx(3250, abs=2.0)
    assert said["sha256"] == (await get_transcript(services, drafted)).row.sha256
    assert edl_bytes(replace(locked, transcript=None, status="draft")) == edl_bytes(draft)
    await edit_transcript(services, drafted, [TextEdit("delete", (1,))], base_version=1, actor=ACTOR)
    async with services.database.connection() as conn:
        again = await edls.get(conn, drafted)
    assert json.loads(edl_bytes(again))["transcript"] == said


class Parrot:
    """Says what it was told to, a word a second, and how many samples it was given."""

    def __init__(self, missing=False):
        self.missing, self.samples = missing, 0

    def prepare(self):
        if self.missing:
            raise TranscriberMissing("not there", subject="transcriber", remedy="Install it.")
        return {"engine": "parrot", "modelSha256": "ab"}

    def hear(self, samples, language):
        self.samples += samples.size
        yield language or "en"
        yield Segment(
            1000, 3000, "polly wants", None, None, (Word(1000, 2000, "polly", 0.9), Word(2000, 3000, "wants", 0.8))
        )


async def transcribed(services, synced):
    parrot, parts = Parrot(), []
    made = await transcribe(services, synced, parrot, actor=ACTOR, camera_id="B", tell=parts.append, job_id="j1")
    assert (made.row.origin, made.row.language, made.row.details["engine"]) == ("transcriber", "en", "parrot")
    assert times(made)[0][0] == pytest.approx(made.row.recorded[0].segment.start_ms + 1250, abs=2.0)
    assert 1000 <= made.row.recorded[0].segment.start_ms < 2000
    assert (parts == sorted(parts), parts[-1]) == (True, 1.0)
    assert parrot.samples == pytest.approx(24 * 16_000, rel=0.05)
    again = await transcribe(services, synced, Parrot(missing=True), actor=ACTOR, camera_id="B", job_id="j1")
    assert again.row.version == 2  # the job was killed after it had saved
    with pytest.raises(TranscriptConflict):
        await transcribe(services, synced, parrot, actor=ACTOR, base_version=0)
    with pytest.raises(TranscriberMissing, match="Install it"):
        await transcribe(services, synced, Parrot(missing=True), actor=ACTOR)
    with pytest.raises(BadInput, match="no such recording"):
        await transcribe(services, synced, parrot, actor=ACTOR, camera_id="Q")
