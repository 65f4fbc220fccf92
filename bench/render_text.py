"""Measure what writing on the picture costs: `python bench/render_text.py`.

The same 4 s of render_scene.py's talk (one camera) are drawn as `full_16_9` (1920x1080) and as `short_9_16`
(1080x1920): with nothing written on them, with captions all the time, with karaoke, and with captions, overlays of three
kinds and chapter cards at once. The ways take turns and the least of the runs counts. CPU is user + system of FFmpeg and of
the planning in this process; the footage is made before. Exit 1 if captions cost more than LIMIT of the bare render's CPU,
or two runs give other bytes.
"""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from render_scene import cameras, wire

from ruach_studio.render.lettering_style import NOTHING, LetteringStyle
from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner

FRAMES, RUNS, LIMIT = 120, 2, 1.12
FORMATS = ("full_16_9", "short_9_16")
WAYS = ("bare", "captions", "karaoke", "everything")
TEXT = "In the beginning was the Word, and the Word was with God, and the Word was God."


def main() -> None:
    """Make the footage, draw each way in turn, print the table."""
    spent: dict[tuple[str, str], list[float]] = {(name, way): [] for name in FORMATS for way in WAYS}
    digests: dict[tuple[str, str], set[str]] = {key: set() for key in spent}
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as folder:
        edl = lettered(wire(cameras(Path(folder), FRAMES, (1920, 1080)), FRAMES))
        for run in range(RUNS):
            for name, way in spent:
                cpu_s, digest = drawn(edl, name, way, Path(folder) / f"{name}-{way}-{run}")
                spent[name, way].append(cpu_s)
                digests[name, way].add(digest)
    print(f"{FRAMES} frames, least of {RUNS} runs, CPU seconds\n")
    failed = False
    for name, way in spent:
        bare, least, same = min(spent[name, "bare"]), min(spent[name, way]), len(digests[name, way]) == 1
        failed |= not same or (way == "captions" and least / bare > LIMIT)
        print(f"{name:11} {way:11} {least:6.2f} s  {least / bare:5.3f} of bare  bytes {'equal' if same else 'DIFFER'}")
    sys.exit(f"captions cost more than {LIMIT} of the bare render, or bytes differ" if failed else 0)


def lettered(edl: Mapping[str, object]) -> dict[str, object]:
    """Return an EDL of FRAMES frames of camera A, with talk that never pauses, three overlays and two chapters."""
    program = [{"startFrame": 0, "endFrameExclusive": FRAMES, "camera": "A", "reason": "speaker", "confidence": 0.9}]
    payloads = {
        "lowerThird": {"name": "Ana María Núñez", "role": "Pastor"}, "title": {"title": "In the beginning"},
        "cta": {"text": "Join the reading plan", "detail": "example.org/plan"},
    }  # fmt: skip
    overlays = [{"startMs": 0, "endMs": 4000, "type": kind, "payload": payload} for kind, payload in payloads.items()]
    chapters = [{"startMs": 0, "title": "The Word"}, {"startMs": 2000, "title": "The light"}]
    segments = [{"startMs": 2000 * i, "endMs": 2000 * i + 2000, "text": TEXT} for i in range(2)]
    return {
        **edl, "durationFrames": FRAMES, "tracks": {"program": program, "overlays": overlays, "chapters": chapters},
        "transcript": {"language": "en", "sha256": "0" * 64, "segments": segments},
    }  # fmt: skip


def planned(edl: Mapping[str, object], name: str, way: str) -> RenderPlan:
    """Return the plan of one way; only `everything` has overlays and cards."""
    style = LetteringStyle("burn", way == "karaoke", "on" if way == "everything" else "off", 20)
    plan = plan_render(edl, replace(PRESETS[name], lettering=NOTHING if way == "bare" else style))
    return plan if way == "everything" else replace(plan, lettering=replace(plan.lettering, overlays=()))


def drawn(edl: Mapping[str, object], name: str, way: str, work: Path) -> tuple[float, str]:
    """Draw one way and return the CPU seconds that it took and the picture's SHA-256."""
    before, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    picture = asyncio.run(FfmpegRunner().render(planned(edl, name, way), work, lambda _: None, asyncio.Event()))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent + time.process_time() - own, picture.sha256


if __name__ == "__main__":
    main()
