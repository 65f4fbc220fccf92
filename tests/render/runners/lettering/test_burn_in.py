"""What is written on the picture, measured in its pixels: the planned frames and no other, never outside the safe area."""

import asyncio
from dataclasses import replace

import av
import numpy as np
import pytest

from ruach_studio.kernel.kept import KeptFrames
from ruach_studio.render.lettering_style import place, safe_area
from ruach_studio.render.plan import Lettering
from ruach_studio.render.plan.lettering import Chapter, Overlay
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.sidecars import captions_of

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"
VERSE = "For God so loved the world, that he gave his only Son, that whoever believes in him should not perish. " * 5
SIZES = [
    pytest.param("short_9_16", (270, 480)), pytest.param("full_16_9", (480, 270), marks=pytest.mark.slow),
    pytest.param("clip_1_1", (270, 270), marks=pytest.mark.slow),
]  # fmt: skip


def holds(room, box) -> bool:
    return room.x0 <= box[0] and room.y0 <= box[1] and box[2] <= room.x1 and box[3] <= room.y1


async def drawn(plan, folder):
    return await FfmpegRunner().render(plan, folder, lambda _: None, asyncio.Event())


def every_kind(caption) -> Lettering:
    """Six frames each: short texts, the longest allowed, and unbreakable ones, of every kind at once."""
    texts = [
        ({"name": "Ana", "role": "x"}, {"title": "So"}, {"text": "Jesus wept.", "reference": "John 11:35"}, {"text": "Go"}),
        (
            {"name": "W" * 80, "role": "Wg " * 39}, {"title": "Ag " * 39, "subtitle": "Wg " * 66},
            {"text": VERSE[:600], "reference": "R" * 80, "translation": "T" * 40},
            {"text": "Wg " * 39, "detail": "q" * 120},
        ),
        ({"name": LONG}, {"title": LONG}, {"text": LONG}, {"text": LONG}),
    ]  # fmt: skip
    overlays = []
    for i, (third, title, verse, cta) in enumerate(texts):
        at = 12 * i
        overlays += [Overlay(at, at + 12, "lowerThird", third), Overlay(at, at + 12, "cta", cta)]
        overlays += [Overlay(at, at + 6, "title", title), Overlay(at + 6, at + 12, "scripture", verse)]
    lines = [("Ähm, g",), ("W" * 20 + " " + "W" * 20, "gjpqy " * 8), (LONG,)]
    captions = tuple(caption(12 * i, 12 * i + 12, *each) for i, each in enumerate(lines))
    chapters = (Chapter(0, "Q"), Chapter(12, "Wg " * 66), Chapter(24, LONG))
    return Lettering(captions, tuple(overlays), chapters, burn_captions=True, karaoke=True, show_chapters=True)


@pytest.mark.parametrize(("preset", "size"), SIZES)
async def test_nothing_is_ever_written_outside_the_safe_area(black_plan, caption, written_boxes, tmp_path, preset, size):
    lettering = every_kind(caption)
    picture = await drawn(black_plan(lettering, 36, preset=preset, size=size), tmp_path)
    safe, found = safe_area(*size), written_boxes(picture.path)
    assert len(found) == 36
    assert None not in found
    outside = [(i, box) for i, box in enumerate(found) if not holds(safe, box)]
    assert outside == []


async def test_the_edge_of_a_caption_as_wide_as_its_place_is_inside_too(black_plan, caption, written_boxes, tmp_path):
    lettering = Lettering((caption(0, 1, "W" * 16, "j" * 20),), burn_captions=True)
    picture = await drawn(black_plan(lettering, 1, preset="short_9_16", size=(1080, 1920)), tmp_path)
    (box,) = written_boxes(picture.path)
    assert holds(place("captions", 1080, 1920), box)
    assert box[2] - box[0] > 840


@pytest.mark.slow
@pytest.mark.parametrize(("preset", "size"), SIZES)
@pytest.mark.parametrize("kind", ["lowerThird", "title", "scripture", "cta", "chapter", "captions"])
async def test_every_kind_stays_in_its_own_place(black_plan, caption, written_boxes, tmp_path, preset, size, kind):
    whole = every_kind(caption)
    lettering = replace(
        whole,
        captions=whole.captions if kind == "captions" else (), chapters=whole.chapters if kind == "chapter" else (),
        overlays=tuple(o for o in whole.overlays if o.kind == kind),
    )  # fmt: skip
    picture = await drawn(black_plan(lettering, 36, preset=preset, size=size), tmp_path)
    room = place({"title": "middle", "scripture": "middle"}.get(kind, kind), *size)
    found = [box for box in written_boxes(picture.path) if box]
    assert len(found) >= 18
    assert [box for box in found if not holds(room, box)] == []


@pytest.mark.parametrize("fps", ["24000/1001", "30000/1001", "120"])
async def test_a_caption_is_on_screen_in_its_frames_and_in_no_other(black_plan, caption, written_boxes, tmp_path, fps):
    spans = [(0, 1), (3, 7), (7, 8), (50, 61), (61, 99), (100, 120)]
    start = 107_892  # an hour on: no clock may have drifted
    captions = tuple(caption(start + a, start + b, "Wort") for a, b in spans)
    plan = black_plan(Lettering(captions, burn_captions=True), 120, size=(160, 90), fps=fps, start=start)
    found = written_boxes((await drawn(plan, tmp_path)).path)
    assert [i for i, box in enumerate(found) if box] == [i for a, b in spans for i in range(a, b)]


async def test_where_stretches_are_left_out_the_writing_keeps_to_the_frames_that_stay(
    black_plan, caption, written_boxes, tmp_path
):
    spans, left_out = [(5, 15), (30, 50), (70, 75), (88, 100)], ((10, 20), (40, 60), (68, 80))
    captions = tuple(caption(1000 + a, 1000 + b, "Wort") for a, b in spans)
    plan = black_plan(Lettering(captions, burn_captions=True), 100, size=(160, 90), start=1000)
    kept = KeptFrames.of(1000, 1100, [(1000 + a, 1000 + b) for a, b in left_out])
    segments = tuple(replace(plan.segments[0], start_frame=a, end_frame_exclusive=b) for a, b in kept.stretches)
    plan = replace(plan, segments=segments, omitted=tuple((1000 + a, 1000 + b) for a, b in left_out))
    found = written_boxes((await drawn(plan, tmp_path)).path)
    shown = [n for n in range(100) if kept.shows(1000 + n)]
    assert len(found) == len(shown) == 58
    assert [n for n, box in zip(shown, found, strict=True) if box] == [
        n for a, b in spans for n in range(a, b) if n in shown
    ]  # fmt: skip
    assert [(start, end) for start, end, _ in captions_of(plan)] == [(5, 10), (20, 30), (46, 58)]


async def test_karaoke_lights_exactly_the_word_that_is_said(black_plan, caption, tmp_path):
    said = caption(10, 40, "one two", "three")
    plan = black_plan(Lettering((said,), burn_captions=True, karaoke=True), 50, preset="short_9_16", size=(270, 480))
    lit = []
    with av.open(str((await drawn(plan, tmp_path)).path)) as film:
        for frame in film.decode(video=0):
            blue = frame.to_ndarray(format="yuv444p")[1].astype(int)
            places = np.argwhere(blue < 90)
            lit.append(tuple(places.mean(axis=0).round(-1)) if len(places) > 20 else None)
    words = [lit[15], lit[25], lit[35]]
    assert None not in words
    assert len(set(words)) == 3
    assert words[0][1] < words[1][1]  # "one" stands left of "two"
    assert words[2][0] > words[0][0]  # "three" stands below
    assert lit == [None] * 10 + [words[0]] * 10 + [words[1]] * 10 + [words[2]] * 10 + [None] * 10


async def test_a_fade_goes_on_over_the_border_of_two_chunks(black_plan, tmp_path):
    lettering = Lettering(chapters=(Chapter(2, "Blessed"),), show_chapters=True)
    cuts = tuple(range(1, 20))  # a chunk holds eight segments: borders at frames 8 and 16
    parted = await drawn(black_plan(lettering, 100, size=(320, 180), cuts=cuts), tmp_path / "parted")
    whole = await drawn(black_plan(lettering, 100, size=(320, 180)), tmp_path / "whole")
    assert len(list((tmp_path / "parted" / "chunks").glob("*.mp4"))) > len(
        list((tmp_path / "whole" / "chunks").glob("*.mp4"))
    )
    one, two = brightness(parted.path), brightness(whole.path)
    assert np.abs(one - two).max() == 0
    shown = np.nonzero(one)[0]
    assert (shown[0], shown[-1]) == (2, 91)  # 3 s from frame 2
    # Half a second up, then steady, half a second down.
    assert np.all(np.diff(one[2:17]) > 0)
    assert set(one[17:77]) == {one[17]}
    assert np.all(np.diff(one[77:92]) < 0)


def brightness(path):
    with av.open(str(path)) as film:
        lumas = (frame.to_ndarray(format="yuv420p")[: frame.height] for frame in film.decode(video=0))
        return np.array([luma.mean() for luma in lumas]) - 16.0


async def test_another_text_makes_only_its_own_chunk_again_and_the_same_text_the_same_bytes(black_plan, caption, tmp_path):
    cuts = tuple(range(4, 96, 4))  # 24 segments, three chunks of 32 frames
    captions = tuple(caption(a, a + 20, "In the", "beginning") for a in (2, 40, 70))
    plan = black_plan(Lettering(captions, burn_captions=True), 96, size=(320, 180), cuts=cuts)
    one = await drawn(plan, tmp_path / "1")
    again = await drawn(plan, tmp_path / "2")
    assert one.sha256 == again.sha256
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "1" / "chunks").glob("*.mp4")}
    assert len(before) == 3
    edited = replace(plan, lettering=replace(plan.lettering, captions=(*captions[:2], caption(70, 90, "the Word"))))
    other = await drawn(edited, tmp_path / "1")
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "1" / "chunks").glob("*.mp4")}
    assert other.sha256 != one.sha256
    assert {name: at for name, at in after.items() if name in before} == before
    assert [name[:4] for name in after if name not in before] == ["0002"]


async def test_a_folder_with_any_name_is_found_by_the_filter(black_plan, caption, written_boxes, tmp_path):
    folder = tmp_path / 'it\'s [a], b;c: \\d %e "f" =g'
    plan = black_plan(Lettering((caption(0, 5, "here"),), burn_captions=True), 5, size=(320, 180))
    assert None not in written_boxes((await drawn(plan, folder)).path)
