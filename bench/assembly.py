"""Compare footage -> sync -> energy with what one would put together today, as ratios from one run on one machine.

    python bench/assembly.py              three cameras of 10 min: ours | audio-offset-finder + astats | plain decoding
    python bench/assembly.py --memory     peak memory for 10 and for 60 min

Figures are ratios because machines differ. The peer is installed into a scratch environment from peers.txt (kept in
.ruach/bench-peers for the next run); where that fails, the reason is printed and the rest stands.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil
from assembly_footage import CAMERAS, Truth, make_cameras, make_long

from ruach_studio.infra.media import find_ffmpeg

HERE = Path(__file__).resolve().parent
ASTATS = "astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.RMS_level:file=-"


@dataclass
class Cost:
    """What a list of commands took, one after the other: the whole process tree."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    own_mb: float = 0.0  # without the pages of mapped files, which the system may drop at any time
    output: str = ""


def main() -> None:
    """Run the comparison that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--memory", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        memory(Path(name)) if args.memory else compare(Path(name), args.minutes)


def compare(folder: Path, minutes: float) -> None:
    """Print cost ratios and errors of the three routes."""
    files = make_cameras(folder, minutes)
    ffmpeg = str(find_ffmpeg())
    decode = [[ffmpeg, "-v", "error", "-i", str(file), "-f", "null", "-"] for file in files.values()]
    windows = [
        [ffmpeg, "-v", "error", "-i", str(file), "-af", f"asetnsamples=n=24000:p=0,{ASTATS}", "-f", "null", "-"]
        for file in files.values()
    ]
    limit = measure(decode)
    mine = measure([ours_command(folder / "scratch", files.values())])
    again = measure([ours_command(folder / "scratch", files.values())])
    peer_program, reason = peer()
    print(f"{len(files)} cameras of {minutes:g} min, AAC stereo; times the cost of decoding them to nothing:")
    print(f"{'':44}{'wall':>8}{'CPU':>8}{'peak memory':>14}")
    row("decode to null (FFmpeg, the limit)", limit, limit)
    row("ours: decode, sync, energy", mine, limit)
    row("ours, a second time (digests kept)", again, limit)
    placed = json.loads(mine.output)
    errors("ours", {name: (o, d) for name, (o, d, _) in placed.items()}, minutes)
    print(f"     confidence {', '.join(f'{name} {c:.2f}' for name, (_, _, c) in placed.items())}")
    if peer_program is None:
        print(f"peer not measured: {reason}")
        return
    path = {"PATH": f"{ffmpeg_folder(folder)}{os.pathsep}{os.environ['PATH']}"}
    finds = [
        [str(peer_program), "--find-offset-of", str(file), "--within", str(files["A"])]
        for name, file in files.items()
        if name != "A"
    ]
    sync, energy = measure(finds, path), measure(windows)
    both = Cost(sync.wall_s + energy.wall_s, sync.cpu_s + energy.cpu_s, max(sync.peak_mb, energy.peak_mb))
    row("audio-offset-finder x2 + astats x3", both, limit)
    offsets = [float(value) for value in re.findall(r"Offset: (-?[\d.]+)", sync.output)]
    errors("peer", {name: (offset, 0.0) for name, offset in zip("BC", offsets, strict=True)}, minutes)
    print(
        f"ours against the peer: {both.wall_s / mine.wall_s:.1f} x the speed, {both.cpu_s / mine.cpu_s:.1f} x less CPU, "
        f"{both.peak_mb / mine.peak_mb:.1f} x less memory"
    )


def memory(folder: Path) -> None:
    """Print the peak memory of our route for 10 and 60 minutes."""
    peaks = {}
    for minutes in (10, 60):
        cost = measure([ours_command(folder / f"scratch-{minutes}", make_long(folder, minutes))])
        offset_s = json.loads(cost.output)[f"long-B-{minutes}"][0]
        peaks[minutes] = cost.own_mb
        print(
            f"{minutes} min: peak {cost.own_mb:.0f} MB of its own, {cost.peak_mb:.0f} MB with mapped digest files; "
            f"offset error {(offset_s - 58.9) * 1e3:+.2f} ms"
        )
    print(f"60 min against 10 min: {peaks[60] / peaks[10]:.2f} x the memory for 6 x the length")


def ours_command(scratch: Path, files: Iterable[Path], *, sync_only: bool = False) -> list[str]:
    """Return the command of our route."""
    only = ["--sync-only"] if sync_only else []
    return [sys.executable, str(HERE / "assembly_child.py"), *only, str(scratch), *map(str, files)]


def row(name: str, cost: Cost, limit: Cost) -> None:
    """Print one route as multiples of the limit."""
    ratios = f"{cost.wall_s / limit.wall_s:8.2f}{cost.cpu_s / limit.cpu_s:8.2f}{cost.peak_mb / limit.peak_mb:14.2f}"
    print(f"{name:44}{ratios}   ({cost.wall_s:.1f} s, {cost.cpu_s:.1f} s, {cost.peak_mb:.0f} MB)")


def errors(who: str, found: dict[str, tuple[float, float]], minutes: float) -> None:
    """Print how far each camera is off at the start, middle and end of what it recorded."""
    for name, (offset_s, drift_ppm) in found.items():
        off = errors_of(CAMERAS[name], offset_s, drift_ppm, minutes)
        print(f"     {who}, camera {name}: off by {off[0]:+.2f} / {off[1]:+.2f} / {off[2]:+.2f} ms at start / middle / end")


def errors_of(truth: Truth, offset_s: float, drift_ppm: float, minutes: float) -> list[float]:
    """Return the error in ms at the start, middle and end of what a camera recorded."""
    length_s = (minutes * 60 - truth.offset_s) / (1 + truth.drift_ppm * 1e-6)
    drift = (drift_ppm - truth.drift_ppm) * 1e-6
    return [(offset_s - truth.offset_s + local * drift) * 1e3 for local in (0.0, length_s / 2, length_s)]


def measure(commands: list[list[str]], environment: dict[str, str] | None = None) -> Cost:
    """Run the commands one after the other and add up what their process trees took."""
    total = Cost()
    for command in commands:
        before, begun = os.times(), time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        watch = _Watch(child.pid)
        output, _ = child.communicate()
        peak_mb, own_mb = watch.stop()
        if child.returncode:
            raise SystemExit(f"{command[0]} ended with code {child.returncode}")
        after = os.times()
        total.wall_s += time.perf_counter() - begun
        total.cpu_s += after.children_user + after.children_system - before.children_user - before.children_system
        total.peak_mb, total.own_mb = max(total.peak_mb, peak_mb), max(total.own_mb, own_mb)
        total.output += output
    return total


class _Watch(threading.Thread):
    """Follow the resident memory of a process tree, every 10 ms."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root, self._peak, self._own, self._done = psutil.Process(pid), 0, 0, threading.Event()
        self.start()

    def run(self) -> None:
        """Keep the highest sums."""
        while not self._done.wait(0.01):
            try:
                tree = [self._root, *self._root.children(recursive=True)]
                sizes = [process.memory_info() for process in tree]
                self._peak = max(self._peak, sum(size.rss for size in sizes))
                self._own = max(self._own, sum(size.rss - getattr(size, "shared", 0) for size in sizes))
            except psutil.NoSuchProcess:
                continue

    def stop(self) -> tuple[float, float]:
        """Return the peaks in MB: all that was resident, and without mapped files."""
        self._done.set()
        self.join()
        return max(self._peak, 1) / 1e6, max(self._own, 1) / 1e6


def peer() -> tuple[Path | None, str]:
    """Install the peer into a scratch environment that later runs find again; return its program or the reason why not."""
    home = Path(".ruach").resolve() / "bench-peers"
    program = home / "bin" / "audio-offset-finder"
    if program.exists():
        return program, ""
    venv.create(home, with_pip=True)
    install = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(HERE / "peers.txt")]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines() or ["pip said nothing"]
    return (program, "") if program.exists() else (None, lines[-1])


def ffmpeg_folder(folder: Path) -> Path:
    """Return a folder whose `ffmpeg` is ours, for the peer's PATH: the same decoder for both."""
    place = folder / "bin"
    place.mkdir()
    (place / "ffmpeg").symlink_to(find_ffmpeg())
    return place


if __name__ == "__main__":
    main()
