"""Hold the renderer to its limits in one run: `python bench/render_speed.py [--minutes 10] [--flat]`; 1 if one is missed.

Three cameras of 1080p30, eight cuts a minute, picture only, CPU seconds (user + system) of each whole process tree. The
floor is one decode and one x264 encode of the same frames at the same settings: FFmpeg re-encoding the programme as one
camera would have recorded it (`recorded`), in two halves at once, as ours has two chunks at once. It is not our own result
once more: those pictures have been through x264 twice, are smoother, and so cost less. The footage is a talk
(render_room.py), and decides what a peer has to lose beside x264 (decision 67).
Peers are melt (where the machine has it), MoviePy (in a scratch environment) and Remotion's CLI (`--remotion COMMAND`: a
command that takes an EDL and an output path; on 10 s of it, scaled). `--peers 5`: melt and MoviePy draw only the first 5
minutes, and are compared by the frame. Every frame of ours and of the floor's film is read
and compared with the plan, every tenth of a peer's. `--flat hours` compares peak memory instead: 10 minutes with 3 hours;
`--flat cuts` 10 with 2,000 cuts, in small pictures, of which every seventh is read (and all are counted).
"""

import argparse
import asyncio
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from render_cost import Cost, Limits, cost, shown
from render_peers import against_remotion, melt, moviepy
from render_scene import RATE, cameras, recorded, shots, wire, wrong_frames

from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.render.plan import plan_render
from ruach_studio.render.ports import Beside
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner

FULL_HD, SMALL = (1920, 1080), (320, 180)
VIDEOS = ("full_16_9", "short_9_16", "clip_1_1")
ENCODER = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "60", "-pix_fmt", "yuv420p", "-threads", "1"]
FLAT_OVER: dict[str, tuple[tuple[int, int | None], ...]] = {  # (minutes, cuts)
    "cuts": ((30, 10), (30, 2000)),
    "hours": ((10, None), (180, None)),
}
SAMPLED = 7  # of this many frames of the small pictures one is read; shares no divisor with the cameras' loops


def ours(edl: Path, formats: Sequence[str], folder: Path, size: tuple[int, int] | None = None) -> Cost:
    """Draw the formats in one child, as `ruach render` does: the later ones share the decoding of the earlier."""
    small = [] if size is None else [f"{size[0]}x{size[1]}"]
    return cost([sys.executable, __file__, "--draw", str(edl), ",".join(formats), str(folder), *small])


def speed(minutes: float, peers: float | None, remotion: str | None, folder: Path, footage: Path | None) -> int:
    """Measure everything of the first kind; return how many limits were missed."""
    frames, limits = round(minutes * 60 * RATE), Limits()
    some = frames if peers is None else min(frames, round(peers * 60 * RATE))
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
    middle = f"{frames // 2 / RATE:.6f}"
    first, second = [*ffmpeg, "-t", middle, "-i", str(film)], [*ffmpeg, "-ss", middle, "-i", str(film)]
    encodes = ([*half, *ENCODER, f"{folder}/half-{number}.mp4"] for number, half in enumerate((first, second)))
    floor = shown("decode + encode", cost(*encodes))
    shown("decode", cost(*([*half, "-f", "null", "-"] for half in (first, second))))
    three = shown("decode + 3 encodes", cost([*first, *_three(folder, frames)], [*second, *_two(folder)]))
    other = hashlib.sha256(result.read_bytes()).hexdigest() != alone
    limits.hold("full_16_9 among three has other bytes than alone", other, 0)
    limits.hold("frames of full_16_9 that are not the planned ones", wrong_frames(result, full), 0)
    limits.hold("frames of the floor's film that are not the planned ones", wrong_frames(film, full), 0)
    limits.hold("full_16_9 / (one decode + one encode)", mine.cpu_s / floor.cpu_s, 1.08)
    limits.hold("three videos / (one decode + three encodes)", ours_3.cpu_s / three.cpu_s, 1.15)
    limits.hold("peak memory / 800 MB", max(mine.rss_mb, ours_3.rss_mb) / 800, 1)
    part = plan_render(wire(paths, some), PRESETS["full_16_9"])
    for name, draw_by, limit in (("melt", melt, 0.65), ("MoviePy", moviepy, 0.55)):
        peer = draw_by(paths, part, folder)
        if peer is not None:
            ratio = (mine.cpu_s / frames) / (peer.cpu_s / some)
            limits.hold(f"full_16_9 / {name} ({peer.cpu_s:.1f} s of {some} frames)", ratio, limit)
    against_remotion(remotion, paths, mine.cpu_s / frames, folder, limits)
    return limits.missed


def _three(folder: Path, frames: int) -> list[str]:
    """Return the first half: the short is its first minute."""
    graph = f"[0:v]split=3[a][b][q];[b]trim=end_frame={min(60 * RATE, frames)},crop=608:1080,scale=1080:1920,setsar=1[s]"
    return _encoded(folder, f"{graph};[q]crop=1080:1080,setsar=1[c]", "asc", 1)


def _two(folder: Path) -> list[str]:
    return _encoded(folder, "[0:v]split=2[a][q];[q]crop=1080:1080,setsar=1[c]", "ac", 2)


def _encoded(folder: Path, graph: str, pads: str, half: int) -> list[str]:
    outputs = [[f"[{pad}]", str(folder / f"three-{pad}-{half}.mp4")] for pad in pads]
    return ["-filter_complex", graph, *(x for pad, path in outputs for x in ("-map", pad, *ENCODER, path))]


def flat(folder: Path, over: str) -> int:
    """Compare peak memory over length (each of cameras as long as the programme) or over cuts, in small pictures."""
    limits, peaks = Limits(), list[float]()
    for minutes, cuts in FLAT_OVER[over]:
        name, place = f"{minutes} min" if cuts is None else f"{cuts} cuts", folder / f"{minutes}-{cuts}"
        place.mkdir()
        edl = place / "edl.json"
        edl.write_text(json.dumps(wire(cameras(place, minutes * 60 * RATE, SMALL), minutes * 60 * RATE, cuts)))
        made = ours(edl, ["full_16_9"], place, SMALL)
        peaks.append(made.rss_mb)
        print(f"  {name:12} {made.rss_mb:5.0f} MB, {made.cpu_s:.0f} CPU-s", flush=True)
        plan = plan_render(json.loads(edl.read_text()), PRESETS["full_16_9"])
        wrong = wrong_frames(place / "full_16_9/picture.mp4", plan, SAMPLED)
        limits.hold(f"frames of {name} (of {plan.frames}, every {SAMPLED}th read) that are not the planned ones", wrong, 0)
        shutil.rmtree(place)
    limits.hold(f"memory, flat over {over}: most / least", max(peaks) / min(peaks), 1.15)
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
    arguments.add_argument("--peers", type=float, default=None, help="minutes that melt and MoviePy draw; all by default")
    arguments.add_argument("--remotion", default=None)
    arguments.add_argument("--flat", nargs="*", choices=sorted(FLAT_OVER), help="both without a name")
    arguments.add_argument("--footage", type=Path, default=None, help="keep the footage here, and use what is there")
    arguments.add_argument("--draw", nargs="+")
    options = arguments.parse_args()
    if options.draw:
        draw(*options.draw)
        return 0
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
        if options.flat is not None:
            missed = sum(flat(Path(name), over) for over in options.flat or FLAT_OVER)
        else:
            missed = speed(options.minutes, options.peers, options.remotion, Path(name), options.footage)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
