"""Time what an operator waits for when he tries other settings: a two-hour session of six cameras, from stored energy.

    python bench/assembly_preview.py [--hours 2] [--cameras 6] [--runs 15]

Energy: five voices that take turns and a wide, written once by `energy_files.keep`. Each run reads it as a preview does
(`recall`: from the process's memory after the first time), decides with another pace around three locked cuts, checks the
EDL and makes its JSON. Printed: median CPU and wall time per part in ms. Exit 1 if the median CPU of the whole is over
100 ms, or if two runs with the same settings differ by a byte.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson

from ruach_studio.assembly.angles import AngleOptions, select_angles
from ruach_studio.assembly.dress import Extras
from ruach_studio.assembly.edl import CanonicalEDL, edl_bytes, to_wire, validate_edl
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.session import Camera, Clip, SessionSources
from ruach_studio.assembly.sync import Placement, SyncSolution
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.assembly.usecases.decide import DraftOptions, decide
from ruach_studio.kernel.timebase import FrameRate

LIMIT_MS = 100.0
T = TypeVar("T")


def energy(hours: float, cameras: int, window_ms: int, seed: int = 7) -> EnergyMatrix:
    """Return levels of voices that take turns of some seven seconds, each -10 dB in the other microphones, and a wide."""
    rng = np.random.default_rng(seed)
    windows = round(hours * 3_600_000 / window_ms)
    names = (*(chr(65 + i) for i in range(cameras - 1)), "W")
    level = np.full((windows, cameras), -58.0) + rng.normal(0.0, 1.0, (windows, cameras))
    at, who = 0, 0
    while at < windows:
        end = at + max(2, round(float(np.clip(rng.lognormal(np.log(7.0), 0.5), 2.0, 30.0)) * 1000 / window_ms))
        spoken = level[at:end]
        shape = rng.normal(0.0, 3.0, (len(spoken), 1))
        spoken[:, :] = -32.0 + shape + rng.normal(0.0, 1.0, spoken.shape)
        spoken[:, who] = -20.0 + shape[:, 0]
        at = end + int(rng.integers(0, 1000 // window_ms + 1))
        who = int(rng.integers(0, cameras - 1))
    return EnergyMatrix(window_ms, names, level.astype(np.float32))


def session(hours: float, names: tuple[str, ...]) -> tuple[SessionSources, SyncSolution]:
    """Return cameras that record the whole time."""
    rate, length = FrameRate.parse("30000/1001"), hours * 3600.0
    cameras = tuple(
        Camera(name, (Clip(f"/m/{name}.mp4", length, rate, 1920, 1080, True),), "wide" if name == "W" else "camera")
        for name in names
    )
    placed = tuple(Placement(name, 0, 0.0, 0.0, 1.0, "looks-good", 0.0) for name in names)
    return SessionSources(cameras), SyncSolution("A", placed)


def main() -> int:
    """Print the table; return 1 if a limit is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--runs", type=int, default=15)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return measured(asked.hours, asked.cameras, asked.runs, Path(folder))


def measured(hours: float, cameras: int, runs: int, folder: Path) -> int:
    """Measure and print."""
    made = {length: energy(hours, cameras, length) for length in (100, 500)}
    rows = energy_files.keep(folder, "talk", 1, made)
    sources, solution = session(hours, made[100].cameras)
    first = decide("talk", sources, solution, made, DraftOptions())
    base = replace(first.edl, program=tuple(replace(c, locked=i in (3, 90, 400)) for i, c in enumerate(first.edl.program)))
    spent: dict[str, list[tuple[float, float]]] = {}

    def timed(part: str, work: Callable[[], T]) -> T:
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        spent.setdefault(part, []).append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
        return result

    def preview(pace_s: float, extras: Extras) -> CanonicalEDL:
        matrices = {row.window_ms: energy_files.recall(folder, row) for row in rows}
        options = DraftOptions(angle=AngleOptions(pace_s=pace_s), extras=extras)
        edl = decide("talk", sources, solution, matrices, options, version=2, base=base).edl
        assert validate_edl(edl).ok
        orjson.dumps(to_wire(edl))
        return edl

    preview(0.6, Extras())  # reads the files
    for run in range(runs):
        pace = 0.5 + 0.01 * run
        edl = timed("whole preview", lambda pace=pace: preview(pace, Extras()))  # type: ignore[misc]
        matrix = energy_files.recall(folder, rows[0])
        options = AngleOptions(pace_s=pace)
        timed("  of it: angles", lambda m=matrix, o=options: select_angles(m, wide="W", options=o))  # type: ignore[misc]
        timed("  of it: validator", lambda edl=edl: validate_edl(edl))  # type: ignore[misc]
        timed("  of it: JSON", lambda edl=edl: orjson.dumps(to_wire(edl)))  # type: ignore[misc]
        extras = Extras(chapters=True, shorts=True, trim_silence=True, picture_offset_frames=-8)
        timed("with chapters, shorts, silences, L-cuts", lambda p=pace, x=extras: preview(p, x))  # type: ignore[misc]
    same = edl_bytes(preview(0.6, Extras())) == edl_bytes(preview(0.6, Extras()))
    windows, count = made[100].dbfs.shape
    print(f"{hours:g} h, {count} cameras, {windows} windows of 100 ms, {len(base.program)} cuts; median of {runs} runs")
    print(f"{'part':<42}{'CPU ms':>9}{'wall ms':>9}")
    medians = {part: [statistics.median(column) for column in zip(*times, strict=True)] for part, times in spent.items()}
    for part, (cpu, wall) in medians.items():
        print(f"{part:<42}{cpu:>9.1f}{wall:>9.1f}")
    kept = medians["whole preview"][0] <= LIMIT_MS
    print(f"whole preview: {medians['whole preview'][0]:.1f} ms of CPU (limit {LIMIT_MS:g}): {'kept' if kept else 'MISSED'}")
    print(f"the same settings twice: {'the same bytes' if same else 'OTHER BYTES'}")
    return 0 if kept and same else 1


if __name__ == "__main__":
    sys.exit(main())
