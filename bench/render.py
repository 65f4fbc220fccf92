"""Measure our renderer beside what a user would take instead, in one run: `python bench/render.py`.

The same 12 s multicam cut (1080p30, nine shots of three cameras, camera offsets +111 and -66 frames) is drawn by us (chunks,
two single-thread encoders), by one FFmpeg with the concat filter, and by MoviePy (installed into a scratch environment).
The limit is x264 alone: graph with encoder minus graph without. CPU is user + system of the whole process tree, RSS the
sum of the tree at its peak, and every frame of every output is read and compared with the plan. Wall times depend on
the machine's other load; read the ratios.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
from numpy.typing import NDArray
from render_peers import MOVIEPY

from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.testing.strip import StripUnreadable, bits, cells, read_strip

SIZE, RATE, SECONDS = (1920, 1080), 30, 12
OFFSET_FRAMES = {"A": 0, "B": 111, "C": -66}
CUTS = [(40, "A"), (90, "C"), (125, "A"), (170, "B"), (200, "C"), (240, "A"), (270, "B"), (320, "C"), (360, "A")]
ENCODER = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "60", "-pix_fmt", "yuv420p"]


@dataclass(frozen=True)
class Run:
    """What one way of rendering cost, and how many frames came out wrong."""

    name: str
    wall_s: float
    cpu_s: float
    rss_mb: float
    size_mb: float
    wrong_frames: int | None


def main() -> None:
    """Make the footage, run each way once, print the table."""
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
        folder = Path(name)
        cameras = {letter: footage(folder / f"{letter}.mp4", letter) for letter in "ABC"}
        edl = folder / "edl.json"
        edl.write_text(json.dumps(wire(cameras)))
        plan = plan_render(wire(cameras), PRESETS["full_16_9"])
        python = scratch_environment(folder / "env")
        ffmpeg = [str(find_ffmpeg()), "-nostdin", "-v", "error", "-y"]
        inputs = concat_arguments(cameras)
        print(f"{SECONDS} s, {len(CUTS)} shots, {SIZE[0]}x{SIZE[1]} at {RATE}; picture only\n")
        ours = measured(
            "ours", [sys.executable, __file__, str(edl), str(folder / "ours")], folder / "ours/picture.mp4", plan
        )
        concat = measured("ffmpeg concat", [*ffmpeg, *inputs, *ENCODER, str(folder / "c.mp4")], folder / "c.mp4", plan)
        nothing = measured("graph only", [*ffmpeg, *inputs, "-f", "null", "-"], None, plan)
        runs = [ours, concat]
        if python is not None:
            cuts = json.dumps([[camera, a - OFFSET_FRAMES[camera], b - OFFSET_FRAMES[camera]] for camera, a, b in shots()])
            paths = json.dumps({letter: str(path) for letter, path in cameras.items()})
            command = [str(python), "-c", MOVIEPY, cuts, paths, str(folder / "m.mp4")]
            runs.append(measured("MoviePy", command, folder / "m.mp4", plan))
        table(runs, limit_s=concat.cpu_s - nothing.cpu_s)


def table(runs: Sequence[Run], limit_s: float) -> None:
    """Print each way with its ratio to ours, and how near ours is to the limit."""
    ours = runs[0]
    print(f"{'':14} {'wall s':>7} {'CPU s':>7} {'RSS MB':>7} {'MB':>5} {'wrong':>6}   ratio to ours: wall, CPU, RSS")
    for run in runs:
        ratios = "  ".join(f"{getattr(run, f) / getattr(ours, f):.2f}" for f in ("wall_s", "cpu_s", "rss_mb"))
        wrong = "-" if run.wrong_frames is None else str(run.wrong_frames)
        print(f"{run.name:14} {run.wall_s:7.1f} {run.cpu_s:7.1f} {run.rss_mb:7.0f} {run.size_mb:5.1f} {wrong:>6}   {ratios}")
    print(f"\nlimit: x264 alone took {limit_s:.1f} CPU-s, ours {ours.cpu_s / limit_s:.2f} times that in all")


def measured(name: str, command: Sequence[str], output: Path | None, plan: RenderPlan) -> Run:
    """Run `command` to its end and return what its whole process tree used."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    child = subprocess.Popen(command)
    peak = 0
    while child.poll() is None:
        peak = max(peak, tree_rss(child.pid))
        time.sleep(0.05)
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise SystemExit(f"{name} ended with {child.returncode}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size = 0 if output is None else output.stat().st_size
    return Run(name, wall_s, cpu_s, peak / 1e6, size / 1e6, None if output is None else wrong_frames(output, plan))


def tree_rss(pid: int) -> int:
    """Return the resident bytes of a process and everything under it."""
    total = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in processes:
        try:
            total += int(process.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return total


def wrong_frames(path: Path, plan: RenderPlan) -> int:
    """Count frames that are missing, surplus, unreadable or not the planned one."""
    wrong = count = 0
    with av.open(str(path)) as film:
        for count, frame in enumerate(film.decode(video=0), 1):
            try:
                seen: tuple[str | None, int | None] = read_strip(frame.to_ndarray(format="gray").astype(np.uint8))
            except StripUnreadable:
                seen = (None, None)
            wrong += count > plan.frames or seen != plan.shown(count - 1)
    return wrong + max(0, plan.frames - count)


def footage(path: Path, letter: str) -> Path:
    """Write one camera: a panned, grainy texture with the frame strip, long enough for its part of the programme."""
    width, height = SIZE
    rng = np.random.default_rng(ord(letter))
    texture = np.kron(rng.integers(60, 190, (height // 8, width // 8)), np.ones((8, 8))).astype(np.uint8)
    grain = rng.integers(0, 12, (height, 2 * width)).astype(np.uint8)
    chroma = np.full((height // 2, width), 128, np.uint8)
    options = {"preset": "veryfast", "crf": "21", "g": "60"}
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=RATE, options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for k in range(SECONDS * RATE + 67 - max(OFFSET_FRAMES[letter], 0)):
            luma = np.roll(texture, k, axis=1) + grain[:, (k * 37) % width :][:, :width]
            draw_strip(luma, letter, k)
            frame = av.VideoFrame.from_ndarray(np.concatenate([luma, chroma]), format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, RATE)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def draw_strip(luma: NDArray[np.uint8], letter: str, k: int) -> None:
    """Burn camera and frame number into the picture."""
    for cell, on in zip(cells(SIZE[0], SIZE[1]), bits(letter, k), strict=True):
        luma[cell.y0 : cell.y1, cell.x0 : cell.x1] = 235 if on else 16


def shots() -> list[tuple[str, int, int]]:
    """Return (camera, first frame, end exclusive) of each shot."""
    starts = [0, *(end for end, _ in CUTS)]
    return [(camera, start, end) for start, (end, camera) in zip(starts, CUTS, strict=False)]


def wire(cameras: Mapping[str, Path]) -> dict[str, object]:
    """Return the locked EDL."""
    program = [
        {"startFrame": a, "endFrameExclusive": b, "camera": camera, "reason": "speaker", "confidence": 0.9}
        for camera, a, b in shots()
    ]
    return {
        "schemaVersion": "1.0", "sessionId": "bench", "masterCamera": "A", "durationFrames": SECONDS * RATE, "fps": "30/1",
        "version": 1, "status": "locked", "tracks": {"program": program},
        "sources": {letter: {"role": "camera", "clips": [clip(letter, path)]} for letter, path in cameras.items()},
    }  # fmt: skip


def clip(letter: str, path: Path) -> dict[str, object]:
    """Return the wire form of one camera's only clip."""
    with av.open(str(path)) as film:
        frames = film.streams.video[0].frames
    return {
        "path": str(path), "offsetMs": f"{OFFSET_FRAMES[letter] * 1000}/{RATE}", "driftPpm": 0, "fps": "30/1",
        "durationMs": frames * 1000 / RATE, "hasAudio": False, "startMs": 0,
    }  # fmt: skip


def concat_arguments(cameras: Mapping[str, Path]) -> list[str]:
    """Return what a user writes: one sought input per shot, joined by the concat filter."""
    inputs: list[str] = []
    for camera, a, b in shots():
        first = a - OFFSET_FRAMES[camera]
        inputs += ["-ss", f"{max(first - 0.5, 0) / RATE:.6f}", "-t", f"{(b - a) / RATE:.6f}", "-i", str(cameras[camera])]
    branches = ";".join(f"[{i}:v]fps={RATE},setsar=1,format=yuv420p[b{i}]" for i in range(len(CUTS)))
    joined = "".join(f"[b{i}]" for i in range(len(CUTS)))
    return [*inputs, "-filter_complex", f"{branches};{joined}concat=n={len(CUTS)}[v]", "-map", "[v]"]


def scratch_environment(folder: Path) -> Path | None:
    """Install MoviePy apart from the project; None (and a word) where no package index answers."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    done = subprocess.run([str(python), "-m", "pip", "install", "-qq", "moviepy==2.2.1"], check=False)
    if done.returncode:
        print("MoviePy could not be installed; its row is left out")
        return None
    return python


def draw(edl: Path, workdir: Path) -> None:
    """Be the measured child: draw the picture of `edl`."""
    plan = plan_render(json.loads(edl.read_text()), PRESETS["full_16_9"])
    quiet: Callable[[object], None] = lambda _: None  # noqa: E731
    asyncio.run(FfmpegRunner().render(plan, workdir, quiet, asyncio.Event()))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        draw(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
