"""A recorder that loses 200 ms, from the sound to the picture: sync finds the jump, the EDL carries it, the film shows it.

The frame's number is burnt into each picture of the recording; what the recorder lost is missing from picture and sound.
Most of the programme is left out, so that only the seconds around the jump are rendered.
"""

import asyncio
import json
import wave
from dataclasses import replace

import numpy as np
import pytest
import soxr
from tests.assembly.sync.conftest import RATE, Mic, digest, record, room_sound
from tests.render.conftest import film, strips

from ruach_studio.assembly.angles_shot import AngleOptions, AnglePlan, Shot
from ruach_studio.assembly.edl import build_edl, edl_bytes, programme_of, validate_edl
from ruach_studio.assembly.exchange import export, import_back
from ruach_studio.assembly.exchange.pieces import pieces_of
from ruach_studio.assembly.session import Camera, Clip, SessionSources
from ruach_studio.assembly.sync import align
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.lay_audio import lay_audio

pytestmark = pytest.mark.slow
SECONDS, FPS, OFFSET_S, LOST_AT_S, LOST_S = 150, 25, 10.0, 60.0, 0.2
WIDE = replace(PRESETS["full_16_9"], width=160, height=92)


@pytest.fixture(scope="module")
def shoot(tmp_path_factory):
    """Camera A heard it all; B started 10 s later and lost 200 ms of picture and sound at its minute 1."""
    folder = tmp_path_factory.mktemp("shoot")
    room = room_sound(float(SECONDS), 1)
    a = record(room, SECONDS, Mic(seed=3))
    whole = record(room, SECONDS - 20.0, Mic(offset_s=OFFSET_S, seed=2))
    at, after = round(LOST_AT_S * RATE), round((LOST_AT_S + LOST_S) * RATE)
    b = np.concatenate((whole[:at], whole[after:]))
    frames, sound = len(b) * FPS // RATE, soxr.resample(b, RATE, 48_000)
    path = film(folder / "B.mp4", "B", frames, fps=str(FPS), size=(160, 92), sound=np.stack([sound, sound], 1))
    with wave.open(str(folder / "A.wav"), "wb") as out:  # its picture is never shown, its sound stands in for what B lost
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(a, -1, 1) * 32767).astype("<i2").tobytes())
    return ((str(folder / "A.wav"), SECONDS * FPS), (str(path), frames)), align({"A": [digest(a)], "B": [digest(b)]}, "A")


def assembled(paths, solution):
    rate = FrameRate.parse(FPS)
    cameras = tuple(
        Camera(name, (Clip(path, frames / FPS, rate, 160, 92, True),))
        for name, (path, frames) in zip("AB", paths, strict=True)
    )
    sources = SessionSources(cameras)
    shot = Shot(0.0, float(SECONDS), "B", "speaker", 0.9, Verdict("B", ("B leads",), "0" * 64, "angle-v2", 0.9))
    plan = AnglePlan((shot,), "angle-v2", float(SECONDS), {"wide": None}, AngleOptions())
    edl = build_edl("jump", sources, solution, plan, programme=programme_of(sources, solution))
    return replace(edl, programme_audio="B", fallback_audio=("A",))


async def test_the_film_shows_each_frame_of_a_recording_that_jumps_in_its_place(shoot, tmp_path):
    paths, solution = shoot
    edl = assembled(paths, solution)
    clip = edl.sources["B"].clips[0]
    assert [round(piece.offset_ms / 1000, 2) for piece in clip.pieces] == [OFFSET_S, OFFSET_S + LOST_S]
    seam_ms = clip.pieces[1].from_ms
    assert abs(seam_ms / 1000 - LOST_AT_S) <= 1.5
    around = (round((OFFSET_S + LOST_AT_S - 4) * FPS), round((OFFSET_S + LOST_AT_S + 4) * FPS))
    ends = ((0, around[0]), (around[1], edl.duration_frames))
    edl = replace(edl, omitted=tuple({"startFrame": a, "endFrameExclusive": b, "reason": "test"} for a, b in ends))
    assert validate_edl(edl).ok

    plan = plan_render(json.loads(edl_bytes(replace(edl, status="locked"))), WIDE)
    assert plan.frames == 200
    picture = await FfmpegRunner().render(plan, tmp_path, lambda _: None, asyncio.Event())
    found = strips(picture.path)
    assert {letter for letter, _ in found} == {"B"}
    before, behind = round(OFFSET_S * FPS), round((OFFSET_S + LOST_S) * FPS)
    seam = next(i for i, (_, k) in enumerate(found) if k == found[i + 1][1])  # the picture that is held over the loss
    assert abs((around[0] + seam) / FPS - OFFSET_S - seam_ms / 1000) <= 2 / FPS
    assert [k for _, k in found[: seam + 1]] == [around[0] + i - before for i in range(seam + 1)]
    after = next(i for i in range(seam, 200) if found[i][1] != found[seam][1])
    assert after - seam == LOST_S * FPS + 1
    assert [k for _, k in found[after:]] == [around[0] + i - behind for i in range(after, 200)]

    sound = np.fromfile(lay_audio(plan.audio, tmp_path / "sound.f32"), np.float32).reshape(-1, 2)[:, 0]
    room = soxr.resample(room_sound(float(SECONDS), 1), RATE, 48_000)
    for start_s in (0.3, 1.5, 6.0, 7.2):  # seconds of the film, clear of the place found to about a second
        part = sound[round(start_s * 48_000) :][:24_000]
        first = round((40.0 + around[0] / FPS + start_s - 0.05) * 48_000)
        near = room[first : first + 24_000 + 4800]
        lag = int(np.argmax(np.correlate(near, part, "valid")))
        assert abs(lag - 2400) <= 0.012 * 48_000  # the sync's own error and the room's echo, not 200 ms

    shown = [piece for piece in pieces_of(edl, "B", 0, edl.duration_frames) if piece.clip is not None]
    frames = {piece.start_frame + n: piece.local_frame + n for piece in shown for n in range(piece.frames)}
    assert all(abs(frames[i] - k) <= 1 for i, (_, k) in enumerate(found) if i in frames)
    for name in ("otio", "fcpxml", "cmx3600"):
        assert import_back(edl, name, export(edl, name)[0].encode(), version=2).same
