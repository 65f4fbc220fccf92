"""Measure what writing on the picture costs: `python bench/render_text.py`.

The same 4 s cut of bench/render.py's footage is drawn as `full_16_9` (1920x1080) and as `short_9_16` (1080x1920): with
nothing written on it, with captions all the time, with karaoke, and with captions, overlays and chapter cards at once.
Each way runs in its own process, the ways take turns, and the least of three runs counts. CPU is user + system of the whole
process tree. Exit 1 if captions cost more than LIMIT of the bare render's CPU, or two runs give other bytes.
"""

import asyncio
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from render import footage, wire
from ruach_studio.render.lettering_style import NOTHING, LetteringStyle
from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner

FRAMES, RUNS, LIMIT = 120, 3, 1.12
FORMATS = ("full_16_9", "short_9_16")
WAYS = ("bare", "captions", "karaoke", "everything")
TEXT = "In the beginning was the Word, and the Word was with God, and the Word was God. "


def main() -> None:
    """Make the footage, draw each way in turn, print the table."""
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
        folder = Path(name)
        cameras = {letter: footage(folder / f"{letter}.mp4", letter) for letter in "ABC"}
        edl = folder / "edl.json"
        edl.write_text(json.dumps(lettered(wire(cameras))))
        spent: dict[tuple[str, str], list[float]] = {(f, way): [] for f in FORMATS for way in WAYS}
        digests: dict[tuple[str, str], set[str]] = {key: set() for key in spent}
        for run in range(RUNS):
            for format_name, way in spent:
                work = folder / f"{format_name}-{way}-{run}"
                spent[format_name, way].append(cpu_of([sys.executable, __file__, str(edl), format_name, way, str(work)]))
                digests[format_name, way].add(hashlib.sha256((work / "picture.mp4").read_bytes()).hexdigest())
    print(f"{FRAMES} frames, least of {RUNS} runs, CPU seconds of the whole process tree\n")
    failed = False
    for format_name in FORMATS:
        bare = min(spent[format_name, "bare"])
        for way in WAYS:
            least, same = min(spent[format_name, way]), len(digests[format_name, way]) == 1
            failed |= not same or (way == "captions" and least / bare > LIMIT)
            bytes_are = "equal" if same else "DIFFER"
            print(f"{format_name:11} {way:11} {least:6.2f} s  {least / bare:5.3f} of bare  bytes {bytes_are}")
    sys.exit(f"captions cost more than {LIMIT} of the bare render, or bytes differ" if failed else 0)


def lettered(edl: dict[str, object]) -> dict[str, object]:
    """Return the EDL, cut to FRAMES, with a transcript that never pauses, overlays of every kind and two chapters."""
    tracks = edl["tracks"]
    assert isinstance(tracks, dict)
    cuts = [cut for cut in tracks["program"] if cut["startFrame"] < FRAMES]
    cuts[-1]["endFrameExclusive"] = FRAMES
    payloads = {
        "lowerThird": {"name": "Ana María Núñez", "role": "Pastor"}, "title": {"title": "In the beginning"},
        "cta": {"text": "Join the reading plan", "detail": "example.org/plan"},
    }  # fmt: skip
    overlays = [{"startMs": 0, "endMs": 4000, "type": kind, "payload": payload} for kind, payload in payloads.items()]
    chapters = [{"startMs": 0, "title": "The Word"}, {"startMs": 2000, "title": "The light"}]
    segments = [{"startMs": 2000 * i, "endMs": 2000 * i + 2000, "text": TEXT.strip()} for i in range(2)]
    return {
        **edl, "durationFrames": FRAMES, "tracks": {"program": cuts, "overlays": overlays, "chapters": chapters},
        "transcript": {"language": "en", "sha256": "0" * 64, "segments": segments},
    }  # fmt: skip


def planned(edl: Path, format_name: str, way: str) -> RenderPlan:
    """Return the plan of one way; all but `everything` are without overlays."""
    wired = json.loads(edl.read_text())
    if way != "everything":
        wired["tracks"]["overlays"] = []
    burnt = LetteringStyle("burn", way == "karaoke", "on" if way == "everything" else "off", 20)
    return plan_render(wired, replace(PRESETS[format_name], lettering=NOTHING if way == "bare" else burnt))


def cpu_of(command: list[str]) -> float:
    """Run `command` and return the CPU seconds that it and its children used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    if len(sys.argv) == 5:
        plan = planned(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
        asyncio.run(FfmpegRunner().render(plan, Path(sys.argv[4]), lambda _: None, asyncio.Event()))
    else:
        main()
