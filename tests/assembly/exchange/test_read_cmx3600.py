"""CMX3600 lists as programs write them: other reels, ':' in drop-frame lists, dissolves, lists from 00:00:00:00."""

import re

import pytest

from ruach_studio.assembly.exchange import BadReturn, export, import_back


@pytest.fixture(params=["30000/1001", "25", "60"])
def edl(request, make_edl):
    return make_edl(fps=request.param, audio=True)


def back(edl, text):
    return import_back(edl, "cmx3600", text.encode(), version=2)


def test_without_comments_and_with_other_line_ends(edl):
    lines = [line for line in export(edl, "cmx3600")[0].splitlines() if not line.startswith("*")]
    assert back(edl, "\r\n".join(lines)).same


def test_reels_that_a_program_renamed_are_found_by_the_clips_name(edl):
    text = re.sub(r"^(\d{3}  )\S+( +(?:V|AA) )", r"\1AX    \2", export(edl, "cmx3600")[0], flags=re.MULTILINE)
    assert "  AX     " in text
    assert back(edl, text).same
    with pytest.raises(BadReturn, match=r"the reel AX \(event 001\) belongs to no camera") as refusal:
        back(edl, text.replace("* FROM CLIP NAME", "* CLIP"))
    assert "A, B1, B2, W" in refusal.value.remedy


def test_drop_frame_with_a_colon_counts_as_the_head_says(make_edl):
    edl = make_edl(fps="30000/1001", seconds=130.0)  # over two minutes, at each of which two numbers are left out
    assert back(edl, export(edl, "cmx3600")[0].replace(";", ":")).same


def test_a_list_may_begin_at_zero(edl):
    text, _ = export(edl, "cmx3600")
    zero = re.sub(r"\b01(:\d\d:\d\d[:;]\d\d)", r"00\1", text)
    assert back(edl, zero).same


def test_a_non_drop_list_of_a_drop_frame_rate_counts_its_own_way(make_edl):
    edl = make_edl(fps="30000/1001", seconds=130.0)
    lines = export(edl, "cmx3600")[0].splitlines()

    def plain(match):
        hours, minutes, seconds, frames = (int(part) for part in re.split("[:;]", match[0]))
        total = (minutes * 60 + seconds) * 30 + frames - 2 * (minutes - minutes // 10)
        return f"{hours:02d}:{total // 1800:02d}:{total // 30 % 60:02d}:{total % 30:02d}"

    text = "\n".join(re.sub(r"\d\d:\d\d:\d\d;\d\d", plain, line) for line in lines)
    assert back(edl, text.replace("FCM: DROP FRAME", "FCM: NON-DROP FRAME")).same


def test_a_dissolve_becomes_a_cut_and_is_named(edl):
    text, _ = export(edl, "cmx3600")
    second = re.search(r"^002  B1 +V     C        (\S+) (\S+) (\S+) (\S+)$", text, re.MULTILINE)
    start, at = second[1], second[3]
    dissolve = f"002  A        V     C        {at} {at} {at} {at}\n" + second[0].replace("C   ", "D    024")
    got = back(edl, text.replace(second[0], dissolve))
    assert got.same
    assert got.notices == ("the transition at 0:07 is not taken over: a cut stands there",)
    assert start != at


@pytest.mark.parametrize(
    ("before", "after", "fact"),
    [
        (r"^002  B1", "002  ZZ", r"the reel ZZ \(event 002\) belongs to no camera"),
        (r"(002  B1 .*)$", r"\1\nM2   B1       012.5                00:00:00:00", "event 002 is played at 12.5 frames"),
        (r"^(002  B1 +V +C +)\S+", r"\g<1>00:00:00:00", r"shows Camera B \d+ frames early: it was slipped"),
        (r"^002 .*$", "", "before the shot at 0:14.9 show nothing"),
        (r"^(001  A +V +C +)\S+", r"\g<1>00:00:00:99", "00:00:00:99 is no time at"),
    ],
)
def test_what_cannot_come_back_is_refused_by_name(edl, before, after, fact):
    text = re.sub(
        before, after, export(edl, "cmx3600")[0].replace("* FROM CLIP NAME", "* CLIP"), count=1, flags=re.MULTILINE
    )
    with pytest.raises(BadReturn, match=fact):
        back(edl, text)


def test_another_rate_shows_by_its_timecode(make_edl):
    text, _ = export(make_edl(fps="30"), "cmx3600")
    with pytest.raises(BadReturn, match=r"is no time at 25/1 frames per second"):
        back(make_edl(fps="25"), text)
    with pytest.raises(BadReturn, match=r"is drop-frame, the programme's rate 30/1 is not"):
        back(make_edl(fps="30"), export(make_edl(fps="30000/1001"), "cmx3600")[0])
