"""Listening: decoded once, found again, whole or absent, and cancelled cleanly."""

import asyncio
import os
import subprocess
import tracemalloc

import numpy as np
import pytest

from ruach_studio.assembly.energy import energy_windows
from ruach_studio.assembly.usecases import listen as listening
from ruach_studio.assembly.usecases.digest_files import StoredArray
from ruach_studio.assembly.usecases.listen import clip_of, digest_folder, listen, listen_all
from ruach_studio.infra.media import BadMedia, decode_audio, find_ffmpeg, probe


def write(path, *options, seconds=5, delay_s=0.0, picture=False):
    sound = ["-itsoffset", str(delay_s), "-f", "lavfi", "-i", f"anoisesrc=d={seconds}:r=48000:seed=1:a=0.1"]
    shown = ["-f", "lavfi", "-i", "color=s=64x64:r=25:d=5", "-c:v", "libx264"] if picture else []
    subprocess.run([str(find_ffmpeg()), "-y", "-v", "error", *sound, *shown, *options, str(path)], check=True)
    return path


@pytest.fixture
def clip(tmp_path):
    return write(tmp_path / "a.m4a", "-ac", "2")


@pytest.fixture
def decodes(monkeypatch):
    """Count how often a file is decoded."""
    paths = []

    def counted(path, info=None, **options):
        paths.append(path)
        return decode_audio(path, info, **options)

    monkeypatch.setattr(listening, "decode_audio", counted)
    return paths


async def test_each_file_is_decoded_once_and_found_again(clip, tmp_path, decodes):
    first = await listen(clip, tmp_path / "scratch")
    second = await listen(clip, tmp_path / "scratch")
    assert len(decodes) == 1
    assert (first.rate, first.channels, first.duration_s) == (48000, 2, 5.0)
    assert first.pcm8k.shape == (40000,)
    assert first.power10ms.shape == (500, 2)
    np.testing.assert_array_equal(first.pcm8k, second.pcm8k)
    assert isinstance(second.pcm8k, StoredArray)  # nothing of it lies in memory
    await listen(clip, tmp_path / "scratch", cache=False)
    assert len(decodes) == 2


async def test_a_changed_file_is_heard_again(tmp_path, decodes):
    clip = write(tmp_path / "a.wav")
    before = energy_windows(await listen(clip, tmp_path / "scratch"))
    write(clip, "-af", "volume=-20dB")
    os.utime(clip, ns=(1, 1))
    after = energy_windows(await listen(clip, tmp_path / "scratch"))
    assert len(decodes) == 2
    np.testing.assert_allclose(before - after, 20.0, atol=0.1)


async def test_an_interrupted_write_is_never_seen(clip, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"

    def broken(path, info=None, **_options):
        yield from list(decode_audio(path, info))[:2]
        raise KeyError("the power went out")

    with monkeypatch.context() as patch:
        patch.setattr(listening, "decode_audio", broken)
        with pytest.raises(KeyError):
            await listen(clip, scratch)
    assert not digest_folder(clip, scratch).exists()
    assert list((scratch / "digests").iterdir()) == []
    assert (await listen(clip, scratch)).duration_s == 5.0


async def test_what_a_killed_process_left_goes_after_a_day(clip, tmp_path):
    scratch = tmp_path / "scratch"
    old, fresh = (scratch / "digests" / name for name in ("making-old", "making-fresh"))
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "pcm8k.i16").write_bytes(b"x")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    await listen(clip, scratch)
    assert not old.exists()
    assert fresh.exists()  # a twin may still be writing there


async def test_a_cancelled_call_stops_and_leaves_no_file(tmp_path, monkeypatch):
    long = write(tmp_path / "long.wav", seconds=30)
    loop, begun, scratch = asyncio.get_running_loop(), asyncio.Event(), tmp_path / "scratch"
    blocks = []

    def watched(path, info=None, **_options):
        for block in decode_audio(path, info):
            blocks.append(block.start_s)
            loop.call_soon_threadsafe(begun.set)
            yield block

    monkeypatch.setattr(listening, "decode_audio", watched)
    task = asyncio.create_task(listen(long, scratch))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not digest_folder(long, scratch).exists()
    assert not any((scratch / "digests").iterdir())


async def test_two_at_once_on_one_file_agree(clip, tmp_path):
    one, two = await asyncio.gather(*(listen(clip, tmp_path / "scratch", cache=False) for _ in range(2)))
    np.testing.assert_array_equal(one.power10ms, two.power10ms)
    assert [p.name for p in (tmp_path / "scratch" / "digests").iterdir()] == [digest_folder(clip, tmp_path / "scratch").name]


@pytest.mark.parametrize("left", [(), ("digest.json",)], ids=["all moved away", "half moved away"])
async def test_a_twin_that_replaces_the_digest_does_not_take_it_from_who_wrote_it(clip, tmp_path, monkeypatch, left):
    scratch = tmp_path / "scratch"
    expected = np.array((await listen(clip, tmp_path / "other")).power10ms)
    publish = listening._publish

    def publish_then_lose(aside, folder):
        publish(aside, folder)
        for file in folder.iterdir():
            if file.name not in left:
                file.unlink()

    monkeypatch.setattr(listening, "_publish", publish_then_lose)
    np.testing.assert_array_equal((await listen(clip, scratch)).power10ms, expected)
    monkeypatch.undo()
    np.testing.assert_array_equal((await listen(clip, scratch)).power10ms, expected)


async def test_several_files_keep_their_order_and_the_first_fault_ends_all(clip, tmp_path):
    other = write(tmp_path / "b.wav", seconds=2)
    digests = await listen_all([clip, other, clip], tmp_path / "scratch", parallel=2)
    assert [d.duration_s for d in digests] == [5.0, 2.0, 5.0]
    with pytest.raises(BadMedia, match="there is no such file"):
        await listen_all([clip, tmp_path / "absent.wav"], tmp_path / "scratch")


async def test_late_sound_is_silence_first_on_the_time_of_the_picture(tmp_path):
    path = write(tmp_path / "late.mov", "-c:a", "pcm_s16le", delay_s=1.2, seconds=3, picture=True)
    digest = await listen(path, tmp_path / "scratch")
    levels = energy_windows(digest, 100)
    assert np.isnan(levels[:11]).all()
    assert np.isfinite(levels[12:41]).all()
    assert np.flatnonzero(np.abs(digest.pcm8k) > 200)[0] == pytest.approx(1.2 * 8000, abs=16)


async def test_memory_does_not_grow_with_the_length(tmp_path):
    peaks = []
    for seconds in (30, 300):
        path = write(tmp_path / f"{seconds}.flac", seconds=seconds)
        tracemalloc.start()
        await listen(path, tmp_path / "scratch")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2 + 1e6
    assert peaks[1] < 20e6


def test_a_clip_is_the_files_facts_in_local_time(tmp_path):
    picture = ["-f", "lavfi", "-i", "color=s=64x48:r=30000/1001:d=2"]
    path = tmp_path / "v.mp4"
    subprocess.run([str(find_ffmpeg()), "-v", "error", *picture, "-c:v", "libx264", str(path)], check=True)
    clip = clip_of(probe(path))
    assert (clip.width, clip.height, clip.has_audio, clip.start_s) == (64, 48, False, 0.0)
    assert str(clip.fps) == "30000/1001"
    assert clip.duration_s == pytest.approx(60 * 1001 / 30000, abs=0.04)
