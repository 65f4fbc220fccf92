"""One decoding for several formats: the same bytes as alone, and whatever fails for one format leaves the others whole."""

import asyncio
import json
import shutil
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction

import pytest

from ruach_studio.kernel.errors import Cancelled, Unavailable
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import plan_render
from ruach_studio.render.ports import Beside
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners import ffmpeg
from ruach_studio.render.runners.beside import Twins
from ruach_studio.render.runners.chunks import chunked
from ruach_studio.render.runners.claims import claimed
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.runners.kept import sha256_of

SIZES = {"full_16_9": (320, 180), "short_9_16": (180, 320), "clip_1_1": (180, 180)}
SPOKEN = {
    "language": "en", "sha256": "0" * 64,
    "segments": [{"startMs": 500, "endMs": 2500, "text": "In the beginning was the Word."}],
}  # fmt: skip


@pytest.fixture(scope="module")
def plans(odd_cameras, make_edl, make_clip):
    """The three videos of eight seconds in four chunks: a hold, black at the end, cards and captions, a placed subject."""
    a, w = (odd_cameras[name][0]["path"] for name in "AW")
    cameras = {"A": [make_clip(a, frames=150)], "W": [make_clip(w, frames=110, fps="30000/1001", size=(180, 320))]}
    wire = make_edl([(60, "A"), (100, "W"), (200, "A"), (240, "W")], cameras)
    wire["tracks"]["chapters"] = [{"startMs": 0, "title": "One"}, {"startMs": 3000, "title": "Two"}]
    wire["transcript"] = SPOKEN
    presets = [replace(PRESETS[name], width=w, height=h) for name, (w, h) in SIZES.items()]
    return [plan_render(wire, preset, places={"A": Fraction(1, 3)}) for preset in presets]


async def drawn(plan, folder, *others, cancelled=None, progress=lambda _: None):
    async def waiting():
        return [Beside(other, folder / other.preset.name) for other in others]

    stop = cancelled or asyncio.Event()
    return await FfmpegRunner().render(plan, folder / plan.preset.name, progress, stop, waiting)


@pytest.fixture(scope="module")
def alone(plans, tmp_path_factory):
    """The SHA-256 of each format's picture and chunks, drawn for itself."""
    folder = tmp_path_factory.mktemp("alone")
    made = {plan.preset.name: asyncio.run(drawn(plan, folder)).sha256 for plan in plans}
    return made, {name: chunks_of(folder, name) for name in made}


def chunks_of(folder, name):
    return {path.name: sha256_of(path) for path in (folder / name / "chunks").glob("*.mp4")}


def encodings(monkeypatch):
    """Note the formats of each run of FFmpeg that encodes."""
    seen, encode = [], ffmpeg.encode

    async def noting(drawings, *given):
        seen.append([drawing.output.plan.preset.name for drawing in drawings])
        await encode(drawings, *given)

    monkeypatch.setattr(ffmpeg, "encode", noting)
    return seen


async def test_three_formats_are_decoded_once_and_each_has_the_bytes_that_it_has_alone(plans, alone, tmp_path, monkeypatch):
    seen = encodings(monkeypatch)
    full, short, square = plans
    one = await drawn(full, tmp_path, short, square)
    assert seen == [["full_16_9", "short_9_16", "clip_1_1"]] * len(alone[1]["full_16_9"])
    assert {name: chunks_of(tmp_path, name) for name in SIZES} == alone[1]
    reports = []
    two = await drawn(short, tmp_path, square, progress=reports.append)
    three = await drawn(square, tmp_path)
    assert len(seen) == len(alone[1]["full_16_9"])  # nothing was encoded again
    assert [one.sha256, two.sha256, three.sha256] == list(alone[0].values())
    assert (reports[-1].frames, reports[-1].fps) == (240, 0.0)  # all there, none of it this run's own
    assert list(tmp_path.rglob("*.part")) == []


async def test_what_another_holds_or_has_is_left_to_it(plans, alone, tmp_path, monkeypatch):
    seen = encodings(monkeypatch)
    full, _, square = plans
    await drawn(square, tmp_path)
    names = sorted(chunks_of(tmp_path, "clip_1_1"))
    gone, held = (tmp_path / "clip_1_1" / "chunks" / name for name in names[:2])
    for path in (gone, held):
        path.unlink()
    seen.clear()
    with ExitStack() as holding:
        assert holding.enter_context(claimed(held))
        await drawn(full, tmp_path, square)
    assert sorted(seen) == [["full_16_9"]] * (len(names) - 1) + [["full_16_9", "clip_1_1"]]
    assert chunks_of(tmp_path, "full_16_9") == alone[1]["full_16_9"]
    assert chunks_of(tmp_path, "clip_1_1") == {n: s for n, s in alone[1]["clip_1_1"].items() if n != held.name}


async def test_a_format_whose_folder_goes_away_meanwhile_harms_nobody(plans, alone, tmp_path):
    """What a cancellation does: the partner's folder is removed while its chunks are written."""
    full, short, square = plans
    removed = []

    def remove(_progress):
        removed.append(shutil.rmtree(tmp_path / "clip_1_1", ignore_errors=True))

    one = await drawn(full, tmp_path, square, short, progress=remove)
    assert removed
    assert one.sha256 == alone[0]["full_16_9"]
    assert list(tmp_path.rglob("*.part")) == []
    assert (await drawn(square, tmp_path)).sha256 == alone[0]["clip_1_1"]


async def test_a_format_that_cannot_be_drawn_is_left_at_once(plans, alone, tmp_path, monkeypatch):
    seen = encodings(monkeypatch)
    full, _, square = plans
    (tmp_path / "clip_1_1").write_text("a file where its folder should be")
    assert (await drawn(full, tmp_path, square)).sha256 == alone[0]["full_16_9"]
    assert set(map(tuple, seen)) == {("full_16_9",)}


async def test_a_run_that_fails_with_two_is_done_again_for_the_one(plans, alone, tmp_path, monkeypatch):
    """An encoder that FFmpeg refuses stands for every failure that only the partner brings."""
    full, _, square = plans
    codec = replace(square.preset.video, speed="no-such-speed")
    broken = replace(square, preset=replace(square.preset, video=codec))
    seen = encodings(monkeypatch)
    assert (await drawn(full, tmp_path, broken)).sha256 == alone[0]["full_16_9"]
    assert len([each for each in seen if len(each) == 2]) <= 2  # one for each worker, then never again
    assert chunks_of(tmp_path, "clip_1_1") == {}
    assert list(tmp_path.rglob("*.part")) == []


async def test_who_cannot_say_what_waits_is_not_asked_to_stop(plans, alone, tmp_path):
    async def unreachable():
        raise Unavailable("no database", subject="test")

    picture = await FfmpegRunner().render(plans[0], tmp_path / "work", lambda _: None, asyncio.Event(), unreachable)
    assert picture.sha256 == alone[0]["full_16_9"]


async def test_cancelling_leaves_no_half_chunk_in_either_folder(plans, tmp_path):
    large = {"width": 1080, "height": 1080}
    full, _, square = (replace(plan, preset=replace(plan.preset, **large)) for plan in plans)
    cancelled = asyncio.Event()
    with pytest.raises(Cancelled):
        await drawn(full, tmp_path, square, cancelled=cancelled, progress=lambda _: cancelled.set())
    assert list(tmp_path.rglob("*.part")) == []
    for note in tmp_path.rglob("*.json"):
        assert json.loads(note.read_text())["sha256"] == sha256_of(note.with_suffix(".mp4"))
    with claimed(next((tmp_path / "clip_1_1" / "chunks").glob("*.claim"))) as free:
        assert free


async def test_stretches_that_are_divided_otherwise_are_not_shared(plans, odd_cameras, make_edl, tmp_path):
    full, _, square = plans
    others = [plan_render(make_edl([(61, "A"), (240, "W")], odd_cameras), square.preset)]
    others += [replace(square, rate=FrameRate.parse("25/1")), copying(square)]
    for number, other in enumerate(others):
        assert await twins(full, [Beside(other, tmp_path / str(number))], chunked(full.segments, full.rate)[0]) == []


async def test_at_most_two_encoders_are_added(plans, tmp_path):
    full, short, square = plans
    waiting = [Beside(other, tmp_path / f"{n}") for n, other in enumerate((short, square, short))]
    assert await twins(full, waiting, chunked(full.segments, full.rate)[0]) == ["short_9_16", "clip_1_1"]


def copying(plan):
    return replace(plan, preset=replace(plan.preset, video=replace(plan.preset.video, smart_copy=True)))


async def twins(plan, waiting, chunk):
    """Return the formats whose chunks are claimed beside `chunk`."""

    async def others():
        return waiting

    with ExitStack() as held:
        return [each.output.plan.preset.name for each in await Twins(plan, others).claim(chunk, held)]
