"""What Remotion costs beside FFmpeg: CPU seconds and memory of the same 200 frames of 1080p, in one run, frames compared.

Usage: python bench/remotion.py [frames]. Needs `make remotion` and a Chromium. Exits 1 if FFmpeg needs more than 1/8 of
Remotion's CPU, or if the two show different camera frames anywhere. CPU is user + system of the whole process tree, sampled
every 50 ms, so that children which end between two samples lose at most that.
"""

import asyncio
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil

from ruach_studio.infra.media import run
from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.ports import RemotionRunner
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.runners.remotion_cli import RemotionCliRunner
from ruach_studio.render.runners.remotion_site import ensure_site
from ruach_studio.render.runners.remotion_tools import find_tools
from ruach_studio.testing.measure import seen_in
from ruach_studio.testing.strip import bits, cells

LEAST_RATIO = 8.0
WIDTH, HEIGHT, ROUNDS = 1920, 1080, 2


@dataclass
class Tree:
    """`with Tree() as tree`: CPU seconds and the highest resident memory of this process and all below it."""

    seen: dict[tuple[int, float], float] = field(default_factory=dict)
    peak_mb: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Tree":
        self._look()
        self._before = sum(self.seen.values())
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def cpu_s(self) -> float:
        """Return user + system seconds since the block began."""
        return sum(self.seen.values()) - self._before

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self._look()
        self._look()

    def _look(self) -> None:
        me = psutil.Process()
        memory = 0
        for process in [me, *me.children(recursive=True)]:
            try:
                spent = process.cpu_times()
                memory += process.memory_info().rss
                self.seen[process.pid, process.create_time()] = spent.user + spent.system
            except psutil.Error:
                continue  # it ended between the list and the look
        self.peak_mb = max(self.peak_mb, memory / 1e6)


def main() -> int:
    """Render with both, alternating, and print."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as named:
        return asyncio.run(_compare(Path(named), frames))


async def _compare(folder: Path, frames: int) -> int:
    plan = _plan([await _film(folder, letter, frames + 10) for letter in "AB"], frames)
    tools = find_tools(folder / "sites")
    await ensure_site(tools, asyncio.Event())
    runners: list[RemotionRunner] = [FfmpegRunner(), RemotionCliRunner(tools)]
    cpu: dict[str, list[float]] = {runner.name: [] for runner in runners}
    shown: dict[str, list[tuple[str, int]]] = {}
    print(f"{frames} frames of {WIDTH}x{HEIGHT}, {len(plan.segments)} cuts, {ROUNDS} rounds, alternating")
    for turn in range(ROUNDS):
        for runner in runners:
            began = time.perf_counter()
            with Tree() as tree:
                made = await runner.render(plan, folder / f"{runner.name}{turn}", lambda _: None, asyncio.Event())
            cpu[runner.name].append(tree.cpu_s)
            shown[runner.name] = [(seen.camera, seen.frame) for seen in seen_in(made.path)]
            wall_s, size_mb = time.perf_counter() - began, made.path.stat().st_size / 1e6
            print(
                f"  {runner.name:<7} {tree.cpu_s:7.1f} CPU-s  {wall_s:6.1f} s  {tree.peak_mb:6.0f} MB  {size_mb:.2f} MB file"
            )
    ratio = min(cpu["cli"]) / min(cpu["ffmpeg"])
    planned = [plan.shown(i) for i in range(frames)]
    wrong = {name: sum(seen != want for seen, want in zip(found, planned, strict=True)) for name, found in shown.items()}
    print(
        f"Remotion needs {ratio:.1f} times FFmpeg's CPU (limit: at least {LEAST_RATIO:.0f}); frames not as planned: {wrong}"
    )
    return 0 if ratio >= LEAST_RATIO and not any(wrong.values()) else 1


def _plan(films: list[Path], frames: int) -> RenderPlan:
    ends = [frames * (i + 1) // 5 for i in range(5)]
    starts = [0, *ends]
    program = [
        {"startFrame": start, "endFrameExclusive": end, "camera": "AB"[i % 2]}
        for i, (start, end) in enumerate(zip(starts[:-1], ends, strict=True))
    ]
    clip = {"offsetMs": 0, "durationMs": float(Fraction(frames + 10, 30) * 1000), "fps": "30/1", "hasAudio": False}
    wire = {
        "schemaVersion": "1.0", "status": "locked", "sessionId": "bench", "version": 1, "masterCamera": "A", "fps": "30/1",
        "durationFrames": frames, "tracks": {"program": program},
        "sources": {name: {"clips": [{**clip, "path": str(path)}]} for name, path in zip("AB", films, strict=True)},
    }  # fmt: skip
    return plan_render(wire, PRESETS["full_16_9"])


async def _film(folder: Path, letter: str, frames: int) -> Path:
    """Write 1080p30 with moving detail, some grain, and the strip."""
    plain, path, rng = folder / f"{letter}.nut", folder / f"{letter}.mp4", np.random.default_rng(ord(letter))
    noise = rng.integers(40, 200, (HEIGHT // 4 + 400, WIDTH // 4 + 400), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    grid = cells(WIDTH, HEIGHT)
    with av.open(str(plain), "w") as out:
        stream = out.add_stream("rawvideo", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "gray"
        for k in range(frames):
            luma = np.ascontiguousarray(noise[2 * k : 2 * k + HEIGHT, k : k + WIDTH])
            for cell, on in zip(grid, bits(letter, k), strict=True):
                luma[cell.y0 : cell.y1, cell.x0 : cell.x1] = 235 if on else 16
            out.mux(stream.encode(av.VideoFrame.from_ndarray(luma, format="gray")))
        out.mux(stream.encode(None))
    film = "boxblur=3:1,noise=alls=3:allf=t:all_seed=1,format=yuv420p"
    await run(["-i", str(plain), "-vf", film, "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-g", "60", str(path)])
    plain.unlink()
    return path


if __name__ == "__main__":
    sys.exit(main())
