"""A CMX3600 list: numbered events that abut, exact timecode, reels of eight letters, and a table of what they are."""

import re
from dataclasses import replace

import pytest

from ruach_studio.assembly.exchange import export

TIME = r"\d\d:\d\d:\d\d[:;]\d\d"
EVENT = re.compile(rf"(\d{{3}})  (\S+) +(V|AA|AA/V) +C {{8}}({TIME}) ({TIME}) ({TIME}) ({TIME})")


def frames_of(text, rate):
    """Count a timecode back to frames: drop-frame leaves out two (four) numbers a minute, but not every tenth."""
    hours, minutes, seconds, frames = (int(part) for part in re.split("[:;]", text))
    total = 60 * hours + minutes
    dropped = (rate.nominal // 15) * (total - total // 10) if rate.drop_frame else 0
    return (60 * total + seconds) * rate.nominal + frames - dropped


def read(edl):
    text, losses = export(edl, "cmx3600")
    lines = text.splitlines()
    events = [(match.group(1, 2, 3), [frames_of(each, edl.fps) for each in match.groups()[3:]])
              for match in map(EVENT.fullmatch, lines) if match]  # fmt: skip
    return lines, events, losses


@pytest.fixture(params=["30000/1001", "24000/1001", "25", "30", "60000/1001"])
def edl(request, make_edl):
    return make_edl(fps=request.param, audio=True)


def test_the_head_says_title_and_way_of_counting(edl):
    lines, _, _ = read(edl)
    assert lines[0] == "TITLE: s1 v1"
    assert lines[1] == ("FCM: DROP FRAME" if edl.fps.drop_frame else "FCM: NON-DROP FRAME")
    assert all(line.isascii() for line in lines)


def test_picture_and_sound_run_through_from_one_hour_on(edl):
    _, events, _ = read(edl)
    hour = frames_of("01:00:00:00", edl.fps)
    assert [int(number) for (number, _, _), _ in events] == list(range(1, len(events) + 1))
    for kind in ("V", "AA"):
        at = hour
        for (_, _, of), (source_in, source_out, record_in, record_out) in events:
            if of == kind:
                assert record_in == at
                assert source_out - source_in == record_out - record_in > 0
                at = record_out
        assert at == hour + edl.duration_frames


def test_a_shot_over_two_files_is_two_events_and_each_file_is_asked_for_its_own_time(edl):
    """B is on screen from 7.0 to 14.9 s and again from 41.3 to 55.0 s; its files begin at 2.5 and at 32.6 s."""
    lines, events, _ = read(edl)
    shown = [(reel, *times) for (_, reel, kind), times in events if kind == "V" and reel.startswith("B")]
    assert [reel for reel, *_ in shown] == ["B1", "B2"]
    hour = frames_of("01:00:00:00", edl.fps)
    for (_, source_in, _, record_in, _), starts_s in zip(shown, (2.5, 32.6), strict=True):
        local_s = (float(edl.fps.seconds(record_in - hour)) - starts_s) / (1 - 35e-6)
        assert source_in == pytest.approx(local_s * float(edl.fps.value), abs=0.51)
    assert "* REEL B1: /m/b 1.mp4" in lines
    assert "* REEL B2: /m/b2.mp4" in lines
    assert [line for line in lines if line.startswith("* FROM CLIP NAME: b")] == [
        "* FROM CLIP NAME: b 1.mp4", "* FROM CLIP NAME: b2.mp4",
    ]  # fmt: skip


def test_every_cut_says_why(edl):
    lines, _, _ = read(edl)
    said = [line for line in lines if line.startswith("* CAMERA ")]
    assert len(said) == len(edl.program)
    assert said[1] == "* CAMERA B, speaker 0.90 (high): 8.2 dB lead & <more> at 7.0"


def test_without_a_programme_track_sound_goes_with_the_picture(make_edl):
    edl = replace(make_edl(), programme_audio=None)
    _, events, _ = read(edl)
    assert {kind for (_, _, kind), _ in events} == {"AA/V"}


def test_where_the_camera_was_off_it_is_black(make_edl):
    edl = make_edl()
    late = replace(edl.sources["B"], clips=edl.sources["B"].clips[:1])  # its second file is gone: off from 32.5 s on
    _, events, _ = read(replace(edl, sources={**edl.sources, "B": late}))
    assert [reel for (_, reel, kind), _ in events if "V" in kind] == ["A", "B", "W", "A", "BL", "A"]


def test_names_that_would_be_the_same_reel_are_told_apart(make_edl):
    edl = make_edl()
    wide, other = edl.sources["W"], edl.sources["A"]
    named = {
        "A": other,
        "B": edl.sources["B"],
        "W": wide,
        "camera-left-1": wide,
        "camera-left-2": other,
        "BL": other,
        "ü": other,
    }
    text, losses = export(replace(edl, sources=named), "cmx3600")
    reels = re.findall(r"^\* REEL (\S+):", text, re.MULTILINE)
    assert len(reels) == len(set(reels)) == 8
    assert all(re.fullmatch("[A-Z0-9]{1,8}", reel) and reel not in ("BL", "AX") for reel in reels)
    assert {"CAMERALE", "CAMERAX2", "BLX2", "CAM"} <= set(reels)
    assert "not carried: camera-left-1, camera-left-2, BL, ü, never on screen" in losses


def test_what_it_cannot_hold_is_listed(edl, make_edl):
    told = " | ".join(read(edl)[2])
    assert "the other angles of a shot and the sound of other tracks" in told
    assert "B: another frame rate" in told or edl.fps.nominal == 25
    assert ("more than the 30 that CMX3600 was made for" in told) == (edl.fps.nominal == 60)
    chapters = ({"startMs": 21_000, "title": "Der Rüf\nzwei"},)
    lines, _, losses = read(replace(make_edl(fps="25"), chapters=chapters))
    assert "* CHAPTER 01:00:21:00: Der R?f zwei" in lines
    assert "letters that are not ASCII are written as '?'" in losses
    assert export(edl, "cmx3600") == export(edl, "cmx3600")


def test_what_is_left_out_and_what_goes_with_the_picture_is_named(make_edl):
    edl = make_edl(audio=True)
    marked = replace(
        edl, omitted=({"startFrame": 10, "endFrameExclusive": 20, "reason": "silence"},),
        program=(edl.program[0], replace(edl.program[1], picture_offset_frames=5), *edl.program[2:]),
    )  # fmt: skip
    losses = export(marked, "cmx3600")[1]
    assert any("1 stretches (0.3 s) are left out of the sequence" in loss for loss in losses)
    split = "1 cuts whose sound begins before or after the picture: here it begins with it"
    assert split not in losses  # the one track of sound runs on under the cut
    assert split in export(replace(marked, programme_audio=None), "cmx3600")[1]
    assert split in export(replace(marked, programme_audio=None), "fcpxml")[1]
    assert split not in export(replace(marked, programme_audio=None), "fcp7xml")[1]  # sound on a track of its own
