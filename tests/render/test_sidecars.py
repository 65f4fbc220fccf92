"""Caption and chapter files: the output's own time, exact at 29.97, and nothing that a player could take for markup."""

import html
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.glyphs import one_line
from ruach_studio.render.plan import AudioPlan, Lettering, RenderPlan
from ruach_studio.render.plan.lettering import Caption, CaptionWord, Chapter
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.sidecars import chapters_of, ffmetadata, sidecars

NTSC = FrameRate(Fraction(30000, 1001))


def plan(lettering, start=0, frames=3000, rate=NTSC, preset="full_16_9"):
    audio = AudioPlan(Fraction(0), 0, (), ())
    return RenderPlan(PRESETS[preset], "s", 1, rate, start, start + frames, (), audio, (), None, lettering)


def caption(start, end, *lines, speaker=None):
    return Caption(start, end, tuple(tuple(CaptionWord(w, start, end) for w in line.split(" ")) for line in lines), speaker)


def files(a_plan):
    return {each.name: each.text for each in sidecars(a_plan)}


def test_files_of_a_programme():
    lettering = Lettering(
        (caption(30, 61, "In the beginning", "was the Word,", speaker="Ana <3"), caption(107_892, 107_893, "R&D -> x")),
        chapters=(Chapter(0, "One & two"), Chapter(1800, "Three")),
    )
    found = files(plan(lettering, frames=107_900))
    assert found == {
        "captions.vtt": (
            "WEBVTT\n\n00:00:01.001 --> 00:00:02.035\n<v Ana &lt;3>In the beginning\nwas the Word,\n\n"
            "00:59:59.996 --> 01:00:00.029\nR&amp;D -&gt; x\n"
        ),
        "captions.srt": (
            "1\n00:00:01,001 --> 00:00:02,035\nIn the beginning\nwas the Word,\n\n"
            "2\n00:59:59,996 --> 01:00:00,029\nR&D -> x\n"
        ),
        "chapters.vtt": (
            "WEBVTT\n\n00:00:00.000 --> 00:01:00.060\nOne &amp; two\n\n00:01:00.060 --> 01:00:00.263\nThree\n"
        ),
    }  # fmt: skip


def test_a_short_counts_from_its_own_first_frame_and_begins_in_the_chapter_that_runs():
    lettering = Lettering(
        (
            caption(900, 990, "before"),
            caption(990, 1020, "over the edge"),
            caption(1030, 1060, "in"),
            caption(1300, 1400, "after"),
        ),
        chapters=(Chapter(0, "One"), Chapter(600, "Two"), Chapter(1200, "Three"), Chapter(1300, "Four")),
    )  # fmt: skip
    short = plan(lettering, start=1000, frames=300)
    found = files(short)
    assert re.findall(r"(\S+) --> (\S+)", found["captions.vtt"]) == [
        ("00:00:00.000", "00:00:00.667"), ("00:00:01.001", "00:00:02.002"),
    ]  # fmt: skip
    assert [(m.start_frame, m.end_frame_exclusive, m.title) for m in chapters_of(short)] == [
        (0, 200, "Two"), (200, 300, "Three"),
    ]  # fmt: skip


def test_nothing_to_write_makes_no_file_and_a_still_has_none():
    assert sidecars(plan(Lettering())) == ()
    assert ffmetadata(plan(Lettering())) is None
    lettering = Lettering((caption(0, 9, "x"),), chapters=(Chapter(0, "One"),))
    assert sidecars(plan(lettering, preset="thumbnail")) == ()
    assert ffmetadata(plan(lettering, preset="thumbnail")) is None


def test_chapter_metadata_is_in_frames_and_escaped():
    lettering = Lettering(chapters=(Chapter(0, "a=b;c#d\\e"), Chapter(10, "x")))
    assert ffmetadata(plan(lettering, frames=30)) == (
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1001/30000\nSTART=0\nEND=10\ntitle=a\\=b\\;c\\#d\\\\e\n"
        "[CHAPTER]\nTIMEBASE=1001/30000\nSTART=10\nEND=30\ntitle=x\n"
    )


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "60000/1001"])
@settings(max_examples=40)
@given(frame=st.integers(0, 5_000_000))
def test_a_player_that_compares_exact_times_shows_a_caption_in_its_frames_only(rate, frame):
    fps = FrameRate.parse(rate)
    found = files(plan(Lettering((caption(frame, frame + 1, "x"),)), frames=frame + 2, rate=fps))
    start, end = (_ms(text) for text in re.findall(r"\d\d+:\d\d:\d\d\.\d{3}", found["captions.vtt"]))
    shown = [n for n in range(max(0, frame - 2), frame + 3) if start <= fps.seconds(n) * 1000 < end]
    assert shown == [frame]


@settings(max_examples=60)
@given(texts=st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=4))
def test_no_text_adds_or_hides_a_cue_or_begins_a_tag(texts):
    lettering = Lettering(tuple(caption(10 * i, 10 * i + 9, text, speaker=text) for i, text in enumerate(texts)))
    kept = [one_line(text) for text in texts if one_line(text)]
    found = files(plan(lettering))
    if not kept:
        assert found == {}
        return
    cues = found["captions.vtt"].removeprefix("WEBVTT\n\n").removesuffix("\n").split("\n\n")
    assert [html.unescape(re.sub("<[^>]*>", "", cue.split("\n", 1)[1])) for cue in cues] == kept
    blocks = found["captions.srt"].removesuffix("\n").split("\n\n")
    assert [block.split("\n")[2:] for block in blocks] == [[text] for text in kept]


def _ms(text):
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3_600_000 + int(minutes) * 60_000 + int(seconds.replace(".", ""))
