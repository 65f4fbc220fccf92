"""Hold the renderer to its limits in one run: `python bench/render_speed.py [--minutes 10] [--flat]`; 1 if one is missed.

Three cameras of 1080p30, eight cuts a minute, picture only, CPU seconds (user + system) of each whole process tree. The
floor is one decode and one x264 encode of the same frames at the same settings: FFmpeg re-encoding the programme as one
camera would have recorded it (`recorded`). It is not our own result once more, though that ratio is printed too: those
pictures have been through x264 twice, are smoother, and so cost less. The footage is a talk (render_room.py), and decides
what a peer has to lose beside x264 (decision 67).
Peers are melt (where the machine has it), MoviePy (in a scratch environment) and Remotion's CLI (`--remotion COMMAND`: a
command that takes an EDL and an output path; on 10 s of it, scaled). Every frame of ours and of the floor's film is read
and compared with the plan, every tenth of a peer's. `--flat` compares peak memory instead: 10 minutes with 3 hours, 10
with 2,000 cuts, in small pictures.
"""

import argparse
import asyncio
import hashlib
import json
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from render_scene import OFFSETS, RATE, cameras, recorded, shots, wire, wrong_frames

from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.ports import Beside
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner

FULL_HD, SMALL = (1920, 1080), (320, 180)
VIDEOS = ("full_16_9", "short_9_16", "clip_1_1")
ENCODER = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "60", "-pix_fmt", "yuv420p", "-threads", "1"]
MOVIEPY = """
import json, sys
from moviepy import VideoFileClip, concatenate_videoclips
cuts, paths, out = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
clips = {name: VideoFileClip(path, audio=False) for name, path in paths.items()}
parts = [clips[c].subclipped(a / 30, b / 30) for c, a, b in cuts]
concatenate_videoclips(parts).write_videofile(out, fps=30, codec="libx264", preset="veryfast", audio=False, logger=None,
    ffmpeg_params=["-crf", "20", "-g", "60", "-pix_fmt", "yuv420p"])
"""
REMOTION_FRAMES = 300


@dataclass(frozen=True)
class Cost:
    """What a command used: CPU seconds, wall seconds, peak resident megabytes of its tree."""

    cpu_s: float
    wall_s: float
    rss_mb: float


def cost(command: Sequence[str]) -> Cost:
    """Run `command` to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    child, peak = subprocess.Popen(command, stdout=subprocess.DEVNULL), 0
    while child.poll() is None:
        peak = max(peak, _tree_bytes(child.pid))
        time.sleep(0.05)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise SystemExit(f"{shlex.join(command)[:300]} ended with {child.returncode}")
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - began, peak / 1e6)


def _tree_bytes(pid: int) -> int:
    total = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in processes:
            total += int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return total
    return total


class Limits:
    """Prints each ratio beside its limit and remembers whether one was missed."""

    def __init__(self) -> None:
        self.missed = 0

    def hold(self, what: str, found: float, limit: float) -> None:
        """Print one line."""
        self.missed += found > limit
        print(f"{what:62} {found:6.3f}  limit {limit:.3f}  {'MISSED' if found > limit else 'held'}", flush=True)


def shown(name: str, one: Cost) -> Cost:
    """Print one line and hand it on."""
    print(f"  {name:24} {one.cpu_s:8.1f} ({one.wall_s:.0f})  {one.rss_mb:5.0f}", flush=True)
    return one


def ours(edl: Path, formats: Sequence[str], folder: Path, size: tuple[int, int] | None = None) -> Cost:
    """Draw the formats in one child, as `ruach render` does: the later ones share the decoding of the earlier."""
    small = [] if size is None else [f"{size[0]}x{size[1]}"]
    return cost([sys.executable, __file__, "--draw", str(edl), ",".join(formats), str(folder), *small])


def speed(minutes: float, remotion: str | None, folder: Path, footage: Path | None) -> int:
    """Measure everything of the first kind; return how many limits were missed."""
    frames, limits = round(minutes * 60 * RATE), Limits()
    paths, film = cameras(footage or folder, frames, FULL_HD), recorded(footage or folder, frames, FULL_HD)
    edl = folder / "edl.json"
    edl.write_text(json.dumps(wire(paths, frames)))
    full = plan_render(json.loads(edl.read_text()), PRESETS["full_16_9"])
    ffmpeg = [str(find_ffmpeg()), "-nostdin", "-v", "error", "-y", "-filter_threads", "1", "-threads", "1"]
    print(f"{minutes:g} min, {len(list(shots(frames)))} shots, 1080p30, picture only; CPU seconds (wall), peak MB")
    mine = shown("full_16_9", ours(edl, ["full_16_9"], folder))
    result = folder / "full_16_9/picture.mp4"
    alone = hashlib.sha256(result.read_bytes()).hexdigest()
    shutil.rmtree(result.parent)
    ours_3 = shown("the three videos", ours(edl, VIDEOS, folder))
    floor = shown("decode + encode", cost([*ffmpeg, "-i", str(film), *ENCODER, str(folder / "floor.mp4")]))
    again = shown("our result once more", cost([*ffmpeg, "-i", str(result), *ENCODER, str(folder / "floor.mp4")]))
    shown("decode", cost([*ffmpeg, "-i", str(film), "-f", "null", "-"]))
    three = shown("decode + 3 encodes", cost([*ffmpeg, "-i", str(film), *_three(folder, min(60 * RATE, frames))]))
    other = hashlib.sha256(result.read_bytes()).hexdigest() != alone
    limits.hold("full_16_9 among three has other bytes than alone", other, 0)
    limits.hold("frames of full_16_9 that are not the planned ones", wrong_frames(result, full), 0)
    limits.hold("frames of the floor's film that are not the planned ones", wrong_frames(film, full), 0)
    limits.hold("full_16_9 / (one decode + one encode)", mine.cpu_s / floor.cpu_s, 1.08)
    print(f"{'full_16_9 / our result once more':62} {mine.cpu_s / again.cpu_s:6.3f}")
    limits.hold("three videos / (one decode + three encodes)", ours_3.cpu_s / three.cpu_s, 1.15)
    limits.hold("peak memory / 800 MB", max(mine.rss_mb, ours_3.rss_mb) / 800, 1)
    for name, peer, limit in (("melt", melt(paths, full, folder), 0.65), ("MoviePy", moviepy(paths, full, folder), 0.55)):
        if peer is not None:
            limits.hold(f"full_16_9 / {name} ({peer.cpu_s:.1f} s)", mine.cpu_s / peer.cpu_s, limit)
    against_remotion(remotion, paths, mine.cpu_s / frames, folder, limits)
    return limits.missed


def _three(folder: Path, short: int) -> list[str]:
    graph = (
        "[0:v]split=3[a][b][c];"
        f"[b]trim=end_frame={short},crop=608:1080,scale=1080:1920,setsar=1[s];[c]crop=1080:1080,setsar=1[q]"
    )
    outputs = [[f"[{pad}]", str(folder / f"three-{pad}.mp4")] for pad in "asq"]
    return ["-filter_complex", graph, *(x for pad, path in outputs for x in ("-map", pad, *ENCODER, path))]


def melt(paths: dict[str, Path], plan: RenderPlan, folder: Path) -> Cost | None:
    """Let melt draw the same cut, in 4:2:0 all the way (by itself it goes through 4:2:2); None where there is no melt."""
    if shutil.which("melt") is None:
        print("melt: not on this machine, left out")
        return None
    parts: list[str] = []
    for camera, a, b in shots(plan.frames):
        parts += [str(paths[camera]), f"in={a - OFFSETS[camera]}", f"out={b - OFFSETS[camera] - 1}"]
    target = folder / "melt.mp4"
    shape = ["vcodec=libx264", "preset=veryfast", "crf=20", "g=60", "pix_fmt=yuv420p", "mlt_image_format=yuv420p", "an=1"]
    run = ["env", "QT_QPA_PLATFORM=offscreen", "melt", "-silent", "-profile", "atsc_1080p_30", *parts]
    made = cost([*run, "-consumer", f"avformat:{target}", *shape, "threads=1", "real_time=-1"])
    print(f"melt: {wrong_frames(target, plan, 10)} frames (of every tenth) wrong")
    return made


def moviepy(paths: dict[str, Path], plan: RenderPlan, folder: Path) -> Cost | None:
    """Let MoviePy draw the same cut; None where it cannot be installed."""
    venv.create(folder / "env", with_pip=True)
    python = str(folder / "env/bin/python")
    if subprocess.run([python, "-m", "pip", "install", "-qq", "moviepy==2.2.1"], check=False).returncode:
        print("MoviePy: cannot be installed, left out")
        return None
    cuts = json.dumps([[c, a - OFFSETS[c], b - OFFSETS[c]] for c, a, b in shots(plan.frames)])
    names = json.dumps({letter: str(path) for letter, path in paths.items()})
    made = cost([python, "-c", MOVIEPY, cuts, names, str(folder / "moviepy.mp4")])
    print(f"MoviePy: {wrong_frames(folder / 'moviepy.mp4', plan, 10)} frames (of every tenth) wrong")
    return made


def against_remotion(command: str | None, paths: dict[str, Path], our_frame_s: float, folder: Path, limits: Limits) -> None:
    """Run Remotion's CLI on 10 s, if somebody says how."""
    if command is None:
        print("Remotion: left out (say --remotion COMMAND)")
        return
    edl = folder / "remotion.json"
    edl.write_text(json.dumps(wire(paths, REMOTION_FRAMES)))
    made = cost([*shlex.split(command), str(edl), str(folder / "remotion.mp4")])
    limits.hold(
        f"full_16_9 / Remotion's CLI ({made.cpu_s:.1f} s for 10 s)", our_frame_s * REMOTION_FRAMES / made.cpu_s, 1 / 8
    )


def flat(folder: Path) -> int:
    """Compare peak memory over length and over cuts, in small pictures."""
    limits, peaks = Limits(), {}
    paths = cameras(folder, 180 * 60 * RATE, SMALL)
    for name, minutes, cuts in (("10 min", 10, None), ("3 h", 180, None), ("10 cuts", 30, 10), ("2,000 cuts", 30, 2000)):
        edl = folder / "edl.json"
        edl.write_text(json.dumps(wire(paths, minutes * 60 * RATE, cuts)))
        made = ours(edl, ["full_16_9"], folder / name, SMALL)
        peaks[name] = made.rss_mb
        print(f"  {name:12} {made.rss_mb:5.0f} MB, {made.cpu_s:.0f} CPU-s", flush=True)
        shutil.rmtree(folder / name)
    limits.hold("memory of 3 h / of 10 min", peaks["3 h"] / peaks["10 min"], 1.15)
    limits.hold("memory of 2,000 cuts / of 10 cuts", peaks["2,000 cuts"] / peaks["10 cuts"], 1.6)
    return limits.missed


def draw(edl: str, formats: str, folder: str, size: str | None = None) -> None:
    """Be the measured child: the formats one after the other, each into its own folder."""
    presets = [PRESETS[name] for name in formats.split(",")]
    if size is not None:
        width, height = (int(x) for x in size.split("x"))
        presets = [replace(preset, width=width, height=height) for preset in presets]
    plans = [plan_render(json.loads(Path(edl).read_text()), preset) for preset in presets]
    waiting = [Beside(plan, Path(folder) / plan.preset.name) for plan in plans]

    async def others() -> list[Beside]:
        return waiting

    async def each_in_turn() -> None:
        while waiting:
            one = waiting.pop(0)
            await FfmpegRunner().render(one.plan, one.workdir, lambda _: None, asyncio.Event(), others)

    asyncio.run(each_in_turn())


def main() -> int:
    """Read the arguments and measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=float, default=10.0)
    arguments.add_argument("--remotion", default=None)
    arguments.add_argument("--flat", action="store_true")
    arguments.add_argument("--footage", type=Path, default=None, help="keep the footage here, and use what is there")
    arguments.add_argument("--draw", nargs="+")
    options = arguments.parse_args()
    if options.draw:
        draw(*options.draw)
        return 0
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
        missed = flat(Path(name)) if options.flat else speed(options.minutes, options.remotion, Path(name), options.footage)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
