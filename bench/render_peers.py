"""The same cut of the same cameras by melt, by MoviePy and by Remotion's CLI, each checked frame by frame (every tenth)."""

import json
import shlex
import shutil
import subprocess
import venv
from pathlib import Path

from render_cost import Cost, Limits, cost
from render_scene import OFFSETS, shots, wire, wrong_frames

from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.presets import PRESETS

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
    """Run Remotion's CLI on the first `REMOTION_FRAMES`, if somebody says how."""
    if command is None:
        print("Remotion: left out (say --remotion COMMAND)")
        return
    edl, target = folder / "remotion.json", folder / "remotion.mp4"
    edl.write_text(json.dumps(wire(paths, REMOTION_FRAMES)))
    made = cost([*shlex.split(command), str(edl), str(target)])
    plan = plan_render(json.loads(edl.read_text()), PRESETS["full_16_9"])
    print(f"Remotion: {wrong_frames(target, plan, 10)} frames (of every tenth) wrong")
    ratio = our_frame_s * REMOTION_FRAMES / made.cpu_s
    limits.hold(f"full_16_9 / Remotion's CLI ({made.cpu_s:.1f} s of {REMOTION_FRAMES} frames)", ratio, 1 / 8)
