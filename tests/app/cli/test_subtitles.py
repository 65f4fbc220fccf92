"""`--transcript-of`: what was said on a recording's own clock is placed over every piece of it."""

from dataclasses import replace

from ruach_studio.app.cli.subtitles import attached
from ruach_studio.assembly.edl import CanonicalEDL, ClipPiece, ClipSource, Cut, Source
from ruach_studio.assembly.usecases.import_transcript import TranscriptFile
from ruach_studio.kernel.timebase import FrameRate

SRT = b"1\n00:00:05,000 --> 00:00:06,000\nBefore.\n\n2\n00:00:30,000 --> 00:00:31,000\nBehind the jump.\n"


def test_a_recording_that_jumps_moves_what_is_said_behind_the_jump():
    rate = FrameRate.parse("25")
    clip = ClipSource("/m/w.mov", 0.0, 0.0, 58_500.0, rate, 64, 36, True, 0.0)
    jumping = replace(clip, pieces=(ClipPiece(0.0, 0.0), ClipPiece(20_000.0, 1500.0)))  # 1.5 s are lost at 20 s
    sources = {"A": Source("a", "camera", 0.0, 0.0, 1.0, (replace(clip, path="/m/a.mov", duration_ms=60_000.0),)),
               "W": Source("w", "camera", 0.0, 0.0, 1.0, (jumping,))}  # fmt: skip
    edl = CanonicalEDL("talk", "A", rate, 1500, (Cut("c1", 0, 1500, "A", "speaker", 0.9, ("s",)),), sources, "angle-v2", 1)
    said = attached(edl, TranscriptFile(SRT, "w.srt", of=("W", 0))).transcript
    assert [(each["startMs"], each["endMs"]) for each in said["segments"]] == [(5000.0, 6000.0), (31_500.0, 32_500.0)]
