"""Render hours of programme and hold picture and sound together to the end: `python bench/render_long.py [--hours 3 …]`.

Three cameras of a talk (render_scene.py) in small pictures, two of them with clocks that run apart from the master's, and a
recorder with an offset and a drift of its own whose sound ticks every 20 s of the master's clock. `ruach render` makes the
file, loudness and all. Every seventh frame must be the planned one, and every thirtieth tick stand within 10 ms of its
place, the last one too; printed beside it is how far a shown frame's own moment is from the moment it is shown at, which
whole frames of a free clock cannot better than half a frame. Given several lengths it also compares what the longest and
the shortest held in memory. Exit 1 if a limit is missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np
from render_cost import Limits, cost, shown
from render_scene import RATE, cameras, wire, wrong_frames

from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.preset_wire import read_preset

SMALL = (320, 180)
CLOCKS = {"A": 0.0, "B": 40.0, "C": -25.0}  # ppm
OFFSET_S, DRIFT_PPM = -1.234, 37.0  # of the recorder
HZ, EVERY_S = 48_000, 20
PRESET = {"name": "small", "width": SMALL[0], "height": SMALL[1], "fit": "pad"}
SAMPLED, TICKS = 7, 30
FLAT = 1.15  # how much more memory the longest may take than the shortest, as in render_speed.py --flat
PULSE = np.hanning(65) * np.cos(2 * np.pi * 6000 * (np.arange(65) - 32) / HZ)


def local_s(master_s: float) -> float:
    """Return the recorder's own time."""
    return (master_s - OFFSET_S) / (1 + DRIFT_PPM * 1e-6)


def recorder(path: Path, seconds: float) -> None:
    """Write the recorder's WAV: soft noise, and a tick at each multiple of 20 s on the master's clock (to the sample)."""
    rng, count = np.random.default_rng(1), round((local_s(seconds) + 5) * HZ)
    noise = 0.05 * rng.standard_normal(10 * HZ)
    ticks = [round(local_s(second) * HZ) for second in range(EVERY_S, int(seconds), EVERY_S)]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(HZ)
        for start in range(0, count, len(noise)):
            block = noise[: min(len(noise), count - start)].copy()
            for at in ticks:
                low = at - 32 - start
                if low >= 0 and low + 65 <= len(block):
                    block[low : low + 65] += 0.6 * PULSE
            out.writeframes((np.clip(block, -1, 1) * 32767).astype("<i2").tobytes())


def tick_error_ms(film: Path, second: int) -> float:
    """Return by how much the tick of `second` is late in the film."""
    arguments = ["-nostdin", "-v", "error", "-ss", str(second - 1), "-i", str(film), "-t", "2", "-map", "0:a:0", "-ac", "1"]
    raw = subprocess.run([str(find_ffmpeg()), *arguments, "-f", "f32le", "-"], capture_output=True, check=True).stdout
    sound = np.frombuffer(raw, np.float32)
    reach = round(0.2 * HZ)
    match = np.abs(np.correlate(sound[HZ - reach : HZ + reach], PULSE, "same"))
    placed = local_s(second) * HZ
    rounding = (round(placed) - placed) / HZ  # the tick itself stands on a whole sample
    return float((np.argmax(match) - reach) / HZ - rounding) * 1000


def moments_ms(plan: RenderPlan, offsets_s: dict[str, float]) -> float:
    """Return the farthest that a shown frame's own moment on the master's clock is from the moment it is shown at."""
    worst = 0.0
    for k in range(0, plan.frames, SAMPLED):
        camera, number = plan.shown(k)
        if camera is not None and number is not None:
            own_s = offsets_s[camera] + number / RATE * (1 + CLOCKS[camera] * 1e-6)
            worst = max(worst, abs(own_s - k / RATE) * 1000)
    return worst


def whole(bare: dict[str, object], sound: Path) -> dict[str, Any]:
    """Return the bare EDL with the clocks, the recorder, and all else that a file of an EDL has."""
    edl: dict[str, Any] = json.loads(json.dumps(bare))
    for number, cut in enumerate(edl["tracks"]["program"]):
        ends = {"startMs": cut["startFrame"] * 1000 / RATE, "endMs": cut["endFrameExclusive"] * 1000 / RATE}
        cut |= ends | {"id": f"cut-{number}", "reasons": ["the bench cuts here"]}
    with wave.open(str(sound)) as opened:
        duration_ms = opened.getnframes() / HZ * 1000
    clip = {
        "path": str(sound), "offsetMs": OFFSET_S * 1000, "driftPpm": DRIFT_PPM, "durationMs": duration_ms, "hasAudio": True,
        "startMs": 0, "fps": None, "width": 0, "height": 0,
    }  # fmt: skip
    for letter, source in edl["sources"].items():
        shape = {"driftPpm": CLOCKS[letter], "width": SMALL[0], "height": SMALL[1]}
        source["clips"][0] |= shape | {"offsetMs": seconds_of(source["clips"][0]["offsetMs"]) * 1000}
    edl["sources"]["REC"] = {"role": "audio", "clips": [clip]}
    for name, source in edl["sources"].items():
        place = {key: source["clips"][0][key] for key in ("offsetMs", "driftPpm")}
        source |= place | {"assetId": f"asset-{name}", "syncConfidence": 1.0}
    edl["tracks"] |= {"overlays": [], "chapters": [], "shorts": []}
    return edl | {
        "audio": {"programme": "REC", "fallback": []}, "durationMs": edl["durationFrames"] * 1000 / RATE, "source": "auto",
        "rulesVersion": "angle-v2", "syncVersion": 1, "parentVersion": None,
    }  # fmt: skip


def measure(hours: float, folder: Path, limits: Limits) -> float:
    """Render and look; return the peak memory of the render's processes in MB."""
    frames = round(hours * 3600 * RATE)
    paths, sound = cameras(folder, frames + 60, SMALL), folder / "recorder.wav"
    recorder(sound, frames / RATE)
    edl = whole(wire(paths, frames), sound)
    (folder / "edl.json").write_text(json.dumps(edl))
    (folder / "small.json").write_text(json.dumps(PRESET))
    program = [sys.executable, "-m", "ruach_studio.app.cli.main", "render", str(folder / "edl.json")]
    made = shown(
        f"{hours:g} h",
        cost([*program, "--preset", str(folder / "small.json"), "--format", "small", "-o", str(folder / "out")]),
    )
    film, plan = folder / "out/small.mp4", plan_render(edl, read_preset(PRESET))
    limits.hold(f"frames (of {plan.frames}, every {SAMPLED}th read) not as planned", wrong_frames(film, plan, SAMPLED), 0)
    offsets_s = {letter: source["clips"][0]["offsetMs"] / 1000 for letter, source in edl["sources"].items()}
    print(f"a shown frame's own moment is at most {moments_ms(plan, offsets_s):.1f} ms from where it is shown")
    last = (plan.frames // RATE - 2) // EVERY_S * EVERY_S
    errors = {second: tick_error_ms(film, second) for second in [*range(EVERY_S, last, EVERY_S * TICKS), last]}
    print("ticks late by, ms: " + ", ".join(f"{second} s {late:+.2f}" for second, late in errors.items()))
    limits.hold("the sound's farthest tick from its place, ms", max(map(abs, errors.values())), 10)
    limits.hold("the last tick's, ms", abs(errors[last]), 10)
    limits.hold("peak memory, MB", made.rss_mb, 800)
    return made.rss_mb


def seconds_of(offset_ms: object) -> float:
    """Return seconds of the wire's milliseconds, which may be a fraction."""
    above, _, below = str(offset_ms).partition("/")
    return float(above) / float(below or 1) / 1000


def main() -> int:
    """Read the arguments and measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--hours", type=float, nargs="+", default=[3.0])
    options, limits, peaks = arguments.parse_args(), Limits(), list[float]()
    for hours in sorted(options.hours):
        with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
            peaks.append(measure(hours, Path(name), limits))
    if len(peaks) > 1:
        limits.hold("peak memory, the longest over the shortest", peaks[-1] / peaks[0], FLAT)
    return 1 if limits.missed else 0


if __name__ == "__main__":
    sys.exit(main())
