"""Footage and EDLs for render's tests: small pictures whose strip names camera and frame, in any rate, late or drifting."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ruach_studio.events.assembly import EdlLocked
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.media import run
from ruach_studio.infra.outbox import Relay, publish
from ruach_studio.infra.queues import QUEUES, BullmqPostgres, Worker
from ruach_studio.infra.queues.board import PressureBoard
from ruach_studio.infra.settings import Settings, load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.render import presets
from ruach_studio.render.entrypoints.events import consumers
from ruach_studio.render.entrypoints.jobs import handlers, hooks
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.testing.strip import bits, cells, read_strip

Wire = dict[str, object]


def film(
    path: Path, letter: str, frames: int, *, fps: str = "30", size=(320, 180), sound=None, audio_delay_s=0.0, keyint=12
) -> Path:
    """Write an H.264 file whose frame k carries the strip (letter, k); `sound` is float (n, 2) at 48 kHz."""
    rate, (width, height) = Fraction(fps), size
    grid = cells(width, height)
    with av.open(str(path), "w") as out:
        video = out.add_stream(
            "libx264", rate=rate, options={"preset": "ultrafast", "crf": "18", "g": str(keyint), "bf": "2"}
        )
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = None if sound is None else out.add_stream("aac", rate=48000, layout="stereo")
        for k in range(frames):
            luma = np.full((height, width), 60 + (ord(letter) * 37 + k) % 60, np.uint8)
            for cell, on in zip(grid, bits(letter, k), strict=True):
                luma[cell.y0 : cell.y1, cell.x0 : cell.x1] = 235 if on else 16
            planes = np.concatenate([luma, np.full((height // 2, width), 128, np.uint8)])
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = k, 1 / rate
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None:
            for at in range(0, len(sound), 1024):
                block = np.ascontiguousarray(sound[at : at + 1024].T, dtype=np.float32)
                piece = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
                piece.sample_rate, piece.pts = 48000, at + round(audio_delay_s * 48000)
                piece.time_base = Fraction(1, 48000)
                out.mux(audio.encode(piece))
            out.mux(audio.encode(None))
    return path


def clip(path: Path, *, frames: int, fps="30", offset_ms=0.0, drift_ppm=0.0, size=(320, 180), has_audio=True) -> Wire:
    """Return the wire form of one clip."""
    return {
        "path": str(path), "offsetMs": offset_ms, "driftPpm": drift_ppm, "durationMs": float(frames / Fraction(fps) * 1000),
        "fps": fps if "/" in fps else f"{fps}/1", "width": size[0], "height": size[1], "hasAudio": has_audio, "startMs": 0.0,
    }  # fmt: skip


def edl(
    cuts, cameras: dict[str, list[Wire]], *, fps="30/1", shorts=(), audio=None, roles=None, status="locked", **more
) -> Wire:
    """Return a locked EDL; `cuts` are (end_frame_exclusive, camera[, reason, confidence]) in order."""
    program, start = [], 0
    rate = Fraction(fps)
    for i, (end, camera, *rest) in enumerate(cuts):
        reason, confidence = (*rest, "speaker", 0.9)[:2] if len(rest) < 2 else rest
        program.append({
            "id": f"cut-{i}", "startMs": float(start / rate * 1000), "endMs": float(end / rate * 1000), "startFrame": start,
            "endFrameExclusive": end, "camera": camera, "reason": reason, "confidence": confidence, "reasons": ["because"],
        })  # fmt: skip
        start = end
    names = list(cameras)
    return {
        "schemaVersion": "1.0", "sessionId": "talk-1", "masterCamera": names[0], "durationMs": float(start / rate * 1000),
        "durationFrames": start, "fps": fps, "version": 3, "status": status, "source": "auto", "rulesVersion": "angle-v2",
        "syncVersion": 1, "parentVersion": None,
        "tracks": {"program": program, "overlays": [], "chapters": [], "shorts": list(shorts)},
        "sources": {
            name: {"assetId": f"asset-{name}", "role": (roles or {}).get(name, "camera"), "clips": clips}
            for name, clips in cameras.items()
        },
        "audio": audio or {"programme": names[0], "fallback": names[1:]},
        **more,
    }  # fmt: skip


def strips(path: Path) -> list[tuple[str, int] | None]:
    """Return (letter, frame) of every frame of a video, None for black."""
    found: list[tuple[str, int] | None] = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")
            found.append(None if luma.max() < 40 else read_strip(luma))
    return found


@pytest.fixture(scope="session")
def make_film() -> Callable[..., Path]:
    return film


@pytest.fixture(scope="session")
def make_clip() -> Callable[..., Wire]:
    return clip


@pytest.fixture(scope="session")
def make_edl() -> Callable[..., Wire]:
    return edl


@pytest.fixture(scope="session")
def read_strips() -> Callable[[Path], list[tuple[str, int] | None]]:
    return strips


@pytest.fixture
def small(monkeypatch):
    """The four formats a sixth as large, so that a test renders in a moment."""
    sizes = {"full_16_9": (320, 180), "short_9_16": (180, 320), "clip_1_1": (180, 180), "thumbnail": (320, 180)}
    shrunk = {name: replace(presets.PRESETS[name], width=w, height=h) for name, (w, h) in sizes.items()}
    monkeypatch.setattr(presets, "PRESETS", shrunk)


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    """Two cameras of 200 and 210 frames with a voice; B starts 0.2 s early."""
    folder = tmp_path_factory.mktemp("session")
    rng = np.random.default_rng(1)
    t = np.arange(48_000 * 7) / 48_000
    voice = (rng.normal(0, 0.05, len(t)) * np.abs(np.sin(9 * t)))[:, None].repeat(2, axis=1).astype(np.float32)
    a = film(folder / "a.mp4", "A", 200, sound=voice[: 48_000 * 20 // 3])
    b = film(folder / "b.mp4", "B", 210, sound=voice)
    return {"A": [clip(a, frames=200)], "B": [clip(b, frames=210, offset_ms=-200)]}


@pytest.fixture
def wire(session):
    """A locked EDL of 200 frames and three cuts, version 3 of session talk-1."""
    return edl([(80, "A"), (140, "B"), (200, "A")], session)


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    queue: BullmqPostgres
    store: LocalDiskStore
    clock: SystemClock
    pressure: PressureBoard


@pytest.fixture
def services(database, tmp_path):
    policies = tuple(replace(policy, ladder_s=(0.2, 0.4), stalled_check_s=1.0) for policy in QUEUES)
    settings = load_settings(data_dir=tmp_path / "data", public_url="http://studio.test")
    store = LocalDiskStore(tmp_path / "store", "http://studio.test")
    with bind(correlation_id=new_id()):
        yield Services(
            settings, database, BullmqPostgres(database, policies=policies), store, SystemClock(), PressureBoard(database)
        )


@pytest.fixture
def lock(services):
    """Announce a locked EDL as assembly does, and let the relay bring it to render."""

    async def locking(wire):
        async with services.database.transaction() as tx:
            await publish(tx, EdlLocked(wire["sessionId"], wire["version"], "session:someone", wire))
        return await Relay(services.database, consumers(services)).drain()

    return locking


@pytest.fixture
def work(services):
    """`async with work(runner)` runs render's worker until the block ends."""

    @asynccontextmanager
    async def working(runner=None):
        stop = asyncio.Event()
        parts = handlers(services, runner or FfmpegRunner()), hooks(services)
        worker = Worker(services.database, services.queue, parts[0], hooks=parts[1], grace_s=1.0)
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    return working


@pytest.fixture(scope="module")
def tapes(tmp_path_factory, make_film, make_clip):
    """A is 75 frames of MPEG-2 in a transport stream; B is H.264 in colours that no browser converts, with the sound."""
    folder = tmp_path_factory.mktemp("tapes")
    voice = np.random.default_rng(1).normal(0, 0.05, (48_000 * 3, 2)).astype(np.float32)
    a, b = make_film(folder / "a.mp4", "A", 75), make_film(folder / "b.mp4", "B", 90, sound=voice)
    asyncio.run(run(["-i", str(a), "-c:v", "mpeg2video", "-q:v", "2", "-g", "12", "-f", "mpegts", str(folder / "a.ts")]))
    return {"A": [make_clip(folder / "a.ts", frames=75, has_audio=False)], "B": [make_clip(b, frames=90)]}
