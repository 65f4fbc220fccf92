"""Measure what listening costs beside FFmpeg's own `astats`, and from files to a draft EDL; exit 1 if a limit is missed.

    python bench/assembly_energy.py           one camera of 45 min against astats; three of 45 min to a draft
    python bench/assembly_energy.py --long    the same way for three of 4 h, whose memory may be no larger

Limits: CPU <= half of the astats route on AAC in MP4 (both take the sound only); wall <= 1.4 x decoding the same sound with
FFmpeg one file after the other; memory <= 600 MB (process tree) and for 4 h at most a tenth above that of 45 min: levels
and what the angles weigh have some 5 MB an hour. Runs are interleaved and the median counts. The footage stays in --folder
for the next run.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

from assembly_energy_footage import STARTS_S, make_mp4

from assembly import ASTATS, Cost, measure
from ruach_studio.infra.media import find_ffmpeg

HERE = Path(__file__).resolve()
ONLY_LEVEL = ASTATS.replace("reset=1", "reset=1:measure_perchannel=none:measure_overall=RMS_level")
WINDOW = "asetnsamples=n=24000:p=0"
CPU_LIMIT, WALL_LIMIT, MEMORY_LIMIT_MB, GROWTH_LIMIT = 0.5, 1.4, 600.0, 1.1


def main() -> int:
    """Run what the arguments ask for; return 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(".ruach") / "bench-footage")
    parser.add_argument("--minutes", type=int, default=45)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--long", action="store_true")
    args = parser.parse_args()
    files = make_mp4(args.folder, args.minutes)
    missed = energy(files["A"], args.minutes, args.pairs)
    short, faults = whole(files, args.minutes, args.pairs)
    missed += faults
    if args.long:
        missed += longer(args.folder, short)
    print("every limit is kept" if not missed else f"{missed} limit(s) missed")
    return min(missed, 1)


def energy(file: Path, minutes: int, pairs: int) -> int:
    """Compare the CPU of listening with both ways of asking astats."""
    ffmpeg = [str(find_ffmpeg()), "-v", "error", "-i", str(file), "-vn"]
    routes = {
        "decode to null (FFmpeg)": [*ffmpeg, "-f", "null", "-"],
        "astats, every figure, as the specification names it": [*ffmpeg, "-af", f"{WINDOW},{ASTATS}", "-f", "null", "-"],
        "astats, RMS level only": [*ffmpeg, "-af", f"{WINDOW},{ONLY_LEVEL}", "-f", "null", "-"],
        "ours: sync features, power per 10 ms and channel": own("listen", file),
    }
    taken = interleaved(routes, pairs)
    print(f"one camera of {minutes} min, AAC stereo in MP4, CPU seconds (median of {pairs}, lowest to highest):")
    for name, costs in taken.items():
        cpu = [cost.cpu_s for cost in costs]
        print(f"  {name:54}{statistics.median(cpu):7.2f}  ({min(cpu):.2f} to {max(cpu):.2f})")
    _, full, only, ours = (statistics.median(cost.cpu_s for cost in costs) for costs in taken.values())
    print(f"  ours / astats RMS level only: {ours / only:.2f}")
    return limit("ours / astats", ours / full, CPU_LIMIT)


def whole(files: dict[str, Path], minutes: int, pairs: int) -> tuple[Cost, int]:
    """Compare files -> draft EDL with decoding the same sound in sequence; return the cost with the median wall."""
    ffmpeg = str(find_ffmpeg())
    decode = [[ffmpeg, "-v", "error", "-i", str(file), "-vn", "-f", "null", "-"] for file in files.values()]
    pairs_taken = [(measure(decode), measure([own("draft", *files.values())])) for _ in range(pairs)]
    ratios = sorted(ours.wall_s / bare.wall_s for bare, ours in pairs_taken)
    print(f"three cameras of {minutes} min, from files to a draft EDL:")
    for bare, ours in pairs_taken:
        print(
            f"  decode one after the other {bare.wall_s:.1f} s wall, {bare.cpu_s:.1f} s CPU; ours {ours.wall_s:.1f} s wall, "
            f"{ours.cpu_s:.1f} s CPU, {ours.peak_mb:.0f} MB ({ours.own_mb:.0f} MB without mapped files)"
        )
    ours = sorted((ours for _, ours in pairs_taken), key=lambda cost: cost.peak_mb)[-1]
    missed = limit("wall / sequential decode", statistics.median(ratios), WALL_LIMIT)
    missed += limit("peak memory, MB", ours.peak_mb, MEMORY_LIMIT_MB)
    return ours, missed + _wrong_offsets(ours)


def longer(folder: Path, short: Cost) -> int:
    """Make a draft of three cameras of four hours and compare the memory."""
    cost = measure([own("draft", *make_mp4(folder, 240).values())])
    print(
        f"three cameras of 240 min: {cost.wall_s:.1f} s wall, {cost.cpu_s:.1f} s CPU, {cost.peak_mb:.0f} MB "
        f"({cost.own_mb:.0f} MB without mapped files)"
    )
    missed = limit("peak memory, MB", cost.peak_mb, MEMORY_LIMIT_MB)
    missed += limit("peak memory, 240 min / 45 min", cost.peak_mb / short.peak_mb, GROWTH_LIMIT)
    return missed + _wrong_offsets(cost)


def interleaved(routes: dict[str, list[str]], rounds: int) -> dict[str, list[Cost]]:
    """Run every route once a round, so that what else the machine does meets all of them."""
    taken: dict[str, list[Cost]] = {name: [] for name in routes}
    for _ in range(rounds):
        for name, command in routes.items():
            taken[name].append(measure([command]))
    return taken


def own(what: str, *files: Path) -> list[str]:
    """Return the command of our route."""
    return [sys.executable, str(HERE.with_name("assembly_energy_child.py")), what, *map(str, files)]


def limit(name: str, value: float, most: float) -> int:
    """Print a figure beside its limit; 1 if it is missed."""
    kept = value <= most
    print(f"  {name}: {value:.2f}, limit {most:g}: {'kept' if kept else 'MISSED'}")
    return 0 if kept else 1


def _wrong_offsets(cost: Cost) -> int:
    """Count the cameras that were not placed within 50 ms (packets are copied, so the truth is known to a frame of AAC)."""
    found = json.loads(cost.output)["offsets"]
    wrong = [name for name, truth_s in STARTS_S.items() if abs(found[name] - truth_s) > 0.05]
    if wrong:
        print(f"  wrongly placed: {', '.join(wrong)}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
