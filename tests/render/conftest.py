"""Footage and EDLs for render's tests: small pictures whose strip names camera and frame, in any rate, late or drifting."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

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
