"""Chapters, shorts, omitted stretches and J/L cuts: on scenes whose pauses and turns are known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from ruach_studio.assembly.chapters import chapters
from ruach_studio.assembly.dress import Extras, dress
from ruach_studio.assembly.edl import validate_edl
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.omissions import omissions
from ruach_studio.assembly.pauses import Pause, activity, pauses
from ruach_studio.assembly.picture_offset import offset_pictures
from ruach_studio.assembly.review import Split, apply_edits
from ruach_studio.assembly.shorts import shorts
from ruach_studio.assembly.transcript import Segment, Word, tidy
from ruach_studio.kernel.errors import BadInput


def energy(seconds, silences, *, loud=(), window_ms=500, level=-20.0):
    """Two microphones: speech at `level` with a little movement, silences at -60 dBFS, `loud` stretches 10 dB up."""
    count = round(seconds * 1000 / window_ms)
    at = np.arange(count) * window_ms / 1000
    dbfs = np.stack([level + 2 * np.sin(at), level - 10 + 2 * np.cos(at)], axis=1)
    for start, end in loud:
        dbfs[(at >= start) & (at < end)] += 10
    for start, end in silences:
        dbfs[(at >= start) & (at < end)] = -60.0
    return EnergyMatrix(window_ms, ("A", "B"), dbfs.astype(np.float32))


def long_edl(make_edl, minutes):
    """One hour's worth of nothing but camera A, at 30 fps."""
    edl = make_edl(fps="30")
    frames = minutes * 60 * 30
    only = replace(edl.program[0], end_frame_exclusive=frames)
    return replace(edl, duration_frames=frames, program=(only,))


def test_pauses_are_found_and_missing_sound_is_none():
    matrix = energy(60, [(10, 13), (30, 30.5)])
    assert pauses(activity(matrix), 0.4) == (Pause(10.0, 13.0), Pause(30.0, 30.5))
    assert pauses(activity(matrix), 1.0) == (Pause(10.0, 13.0),)
    dbfs = matrix.dbfs.copy()
    dbfs[20:26] = np.nan
    assert pauses(activity(replace(matrix, dbfs=dbfs)), 0.4) == (Pause(30.0, 30.5),)
    dbfs[20:26, 0] = -np.inf
    assert pauses(activity(replace(matrix, dbfs=dbfs)), 0.4) == (Pause(10.0, 13.0), Pause(30.0, 30.5))
    assert pauses(activity(matrix, -5.0), 59.0) == (Pause(0.0, 60.0),)
    assert pauses(activity(matrix, -70.0), 0.4) == ()


def test_a_talk_without_a_pause_is_not_cut_to_pieces():
    assert pauses(activity(energy(600, [])), 0.4) == ()


def test_chapters_break_at_the_long_pause_near_seven_minutes(make_edl):
    edl = long_edl(make_edl, 20)
    quiet = [Pause(170, 178), Pause(300, 301.4), Pause(400, 403), Pause(500, 502), Pause(900, 903), Pause(1100, 1104)]
    found = chapters(edl, quiet)
    assert [(c["startMs"], c["title"]) for c in found] == [(0, "Section 1"), (403000, "Section 2"), (903000, "Section 3")]
    assert found[1]["reason"] == "a pause of 3.0 s at 6:43, 6.7 min on"
    assert chapters(long_edl(make_edl, 5), [Pause(100, 110)]) == (
        {"startMs": 0.0, "title": "Section 1", "reason": "the programme begins"},
    )
    starts = [c["startMs"] for c in chapters(long_edl(make_edl, 120), [Pause(t, t + 2) for t in range(30, 7100, 31)])]
    assert all(180_000 <= b - a <= 720_000 for a, b in pairwise([*starts, 7_200_000]))
    assert all(abs(b - a - 420_000) <= 16_000 for a, b in pairwise(starts))


def test_a_change_of_speaker_is_a_place_to_break_and_a_transcript_gives_titles(make_edl):
    edl = long_edl(make_edl, 15)
    cut = apply_edits(edl, [Split(edl.program[0].id, 400 * 30)], version=2).program
    edl = replace(edl, program=(cut[0], replace(cut[1], camera="B", reason="speaker")))
    said = tidy([Segment(200, 900, "Grace and peace to you, friends."), Segment(400_100, 401_000, "Now, the second part")])
    found = chapters(edl, [], said)
    assert [(c["startMs"], c["title"]) for c in found] == [
        (0, "Grace and peace to you"), (400_000, "Now, the second part"),
    ]  # fmt: skip
    assert found[1]["reason"] == "the speaker of Camera B begins at 6:40, 6.7 min on"


def test_shorts_are_whole_dense_and_lively_and_do_not_overlap(make_edl):
    edl = long_edl(make_edl, 5)
    silences = [(20, 21), (60, 61), (100, 101), (140, 141), (170, 180), (220, 221), (260, 261)]
    matrix = energy(300, silences, loud=[(110, 120)])
    heard = activity(matrix)
    found = shorts(edl, heard, pauses(heard, 0.4))
    first = found[0]
    assert (first["startMs"], first["endMs"], first["suggested"]) == (101_000.0, 140_000.0, True)
    assert first["reasons"][0] == "100% of 39.0 s from 1:41 is speech"
    assert 2 <= len(found) <= 5
    assert [s["score"] for s in found] == sorted((s["score"] for s in found), reverse=True)
    spans = sorted((s["startMs"], s["endMs"]) for s in found)
    assert all(15_000 <= end - start <= 60_000 for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert validate_edl(replace(edl, shorts=found)).ok
    assert shorts(long_edl(make_edl, 5), activity(energy(10, [])), ()) == ()


def test_with_a_transcript_shorts_begin_and_end_with_sentences(make_edl):
    edl = long_edl(make_edl, 2)
    parts = [(0, 8, "We begin"), (8, 20, "with this."), (21, 40, "Then that."), (41, 80, "And it goes on and on")]
    said = tidy([Segment(a * 1000, b * 1000, text) for a, b, text in parts])
    heard = activity(energy(120, []))
    found = shorts(edl, heard, pauses(heard, 0.4), said)
    assert {(s["startMs"], s["endMs"]) for s in found} <= {(0, 20_000), (0, 40_000), (21_000, 40_000)}
    assert found[0]["title"] in ("We begin with this", "Then that")


def test_silence_is_marked_and_half_a_second_stays_on_both_sides(make_edl):
    edl = make_edl(fps="30")
    found = omissions(edl, [Pause(10, 13), Pause(20, 21.9), Pause(58, 60)], silence=True, fillers=None)
    assert [(o["startFrame"], o["endFrameExclusive"], o["reason"]) for o in found] == [
        (315, 375, "silence of 3.0 s"), (1755, 1785, "silence of 2.0 s"),
    ]  # fmt: skip
    marked = replace(edl, omitted=found)
    assert (marked.omitted_frames, validate_edl(marked).ok) == (90, True)


def test_fillers_need_words_and_are_found_by_them(make_edl):
    edl = make_edl(fps="30")
    words = (Word(1000, 1400, "Um,"), Word(1400, 2000, "umbrella"), Word(12000, 12500, "Ähm"))
    said = tidy([Segment(900, 13000, "Um, umbrella Ähm", words=words)])
    found = omissions(edl, [Pause(11, 14)], silence=True, fillers=said)
    assert [(o["startFrame"], o["endFrameExclusive"]) for o in found] == [(30, 42), (345, 405)]
    assert found[1]["reason"] == "silence of 3.0 s, filler “Ähm”"
    with pytest.raises(BadInput, match="times of its words"):
        omissions(edl, [], silence=False, fillers=tidy([Segment(0, 900, "um")]))
    with pytest.raises(BadInput, match="the session has none"):
        dress(edl, Extras(remove_filler=True), energy(60, []), None, min_shot_s=2.0)


@pytest.mark.parametrize(("frames", "starts"), [(-8, [0, 202, 447, 600, 1231, 1642]), (12, [0, 222, 447, 600, 1251, 1662])])
def test_pictures_lead_or_lag_at_changes_of_speaker_only(frames, starts, make_edl):
    edl = make_edl(fps="30")
    offset = offset_pictures(edl, frames, min_shot_s=2.0)
    assert [cut.start_frame for cut in offset.program] == starts
    assert [cut.sound_frame for cut in offset.program] == [cut.start_frame for cut in edl.program]
    assert [cut.picture_offset_frames for cut in offset.program] == [0, frames, 0, 0, frames, frames]
    assert [cut.id for cut in offset.program] == [cut.id for cut in edl.program]
    report = validate_edl(offset)
    assert (report.errors, report.warnings) == ((), ())
    assert f"{'lags' if frames > 0 else 'leads'} the sound by {abs(frames)} frames" in offset.program[1].reasons[-1]


def test_a_cut_that_cannot_be_offset_stays_straight_and_says_so(make_edl):
    edl = make_edl(fps="30")
    squeezed = offset_pictures(edl, 20, min_shot_s=7.5)
    assert squeezed.program[1].start_frame == 210
    assert "too short a shot" in squeezed.program[1].reasons[-1]
    late = replace(edl.sources["B"], clips=(replace(edl.sources["B"].clips[0], offset_ms=7000.0),))
    unseen = offset_pictures(replace(edl, sources={**edl.sources, "B": late}), -8, min_shot_s=2.0)
    assert "was not recording" in unseen.program[1].reasons[-1]
    with pytest.raises(BadInput, match="more than 2 s"):
        offset_pictures(edl, 61, min_shot_s=2.0)


def test_what_was_asked_for_stands_in_the_options_and_nothing_else(make_edl):
    edl = make_edl(fps="30")
    assert dress(edl, Extras(), energy(60, []), None, min_shot_s=2.0) == edl
    extras = Extras(chapters=True, trim_silence=True, picture_offset_frames=-8, silence_dbfs=-50.0)
    dressed = dress(edl, extras, energy(60, [(10, 14)]), None, min_shot_s=2.0)
    assert {k: v for k, v in dressed.options.items() if k not in edl.options} == {
        "includeChapters": True, "trimSilence": True, "pictureOffsetFrames": -8, "silenceThresholdDb": -50.0,
    }  # fmt: skip
    assert (len(dressed.chapters), len(dressed.omitted), dressed.shorts) == (1, 1, ())
    assert dressed == dress(edl, extras, energy(60, [(10, 14)]), None, min_shot_s=2.0)
