"""Show how often the right person is on screen: both rulesets, on conversations whose seeds the tuning never saw.

    python bench/assembly_angles.py            all of it; exit 1 if a limit is missed
    python bench/assembly_angles.py --speed    only the time for 10 h x 8 cameras, and the second run

The scenes are made (real voices, simulated rooms and recorders): take the shares as made scenes, not as promises.
"""

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from assembly_angles_scenes import CONTROLLED, HARD, TRUSTED, Case, coarse, heard

from ruach_studio.assembly.angles import AngleOptions, select_angles
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.kernel.hashing import canonical_json
from ruach_studio.testing.scene.turns import WIDE
from ruach_studio.testing.scene.turns_score import Score, score


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true")
    args = parser.parse_args()
    missed = [] if args.speed else scenes()
    missed = [each for each in [*missed, *speed()] if each]
    for each in missed:
        print(f"MISSED: {each}")
    sys.exit(1 if missed else 0)


def scenes() -> list[str]:
    """Print every scene and the means; return what was missed."""
    print(f"{'':44}{'angle-v1 right':>15}{'v2 right':>10}{'wide':>7}{'wrong':>7}{'cross-talk wide':>17}  cuts (wrong)")
    trusted = group("levels can be trusted", TRUSTED)
    controlled = group("AGC on every camera", CONTROLLED)
    hard = group("hard", HARD)
    right = np.array([each.right for each in trusted])
    wrong = np.array([each.wrong for each in trusted])
    crosstalk = np.array([each.crosstalk_wide for each in trusted])
    green = np.sum([each.cuts["green"] for each in [*trusted, *controlled, *hard]], axis=0)
    bad = np.sum([[each.cuts[colour][1] for colour in ("green", "yellow", "red")] for each in hard], axis=0)
    agc = np.mean([each.right for each in controlled])
    green_right, red_share = 1 - green[1] / max(green[0], 1), bad[2] / max(bad.sum(), 1)
    return [
        limit("angle-v2, held out, right", float(right.mean()), 0.97, above=True),
        limit("angle-v2, held out, wrong", float(wrong.mean()), 0.02, above=False),
        limit("angle-v2, worst scene, right", float(right.min()), 0.90, above=True),
        limit("AGC on every camera, right", float(agc), 0.92, above=True),
        limit("wide in sustained cross-talk", float(crosstalk.mean()), 0.80, above=True),
        limit(f"green cuts right ({green[0]} cuts)", float(green_right), 0.99, above=True),
        limit(f"red holds of {bad.sum()} wrong cuts in hard scenes", float(red_share), 0.5, above=True),
    ]


def group(name: str, cases: Sequence[Case]) -> list[Score]:
    """Print the scenes of one kind and return their scores."""
    print(name)
    found = []
    for case in cases:
        scene, matrix = heard(case)
        options = AngleOptions(sync_confidence={"B": case.sync_confidence})
        second = score(scene, select_angles(matrix, wide=WIDE, options=options).shots)
        first = score(scene, select_angles(coarse(scene, case), ruleset="angle-v1", wide=WIDE).shots)
        cuts = ", ".join(f"{colour} {whole} ({wrong})" for colour, (whole, wrong) in second.cuts.items())
        print(
            f"  {case.table.seed} {case.name:38}{first.right:15.1%}{second.right:10.1%}{second.wide:7.1%}{second.wrong:7.1%}"
            f"{second.crosstalk_wide:17.0%}  {cuts}"
        )
        found.append(second)
    return found


def speed() -> list[str]:
    """Print what 10 h of 8 cameras take, and whether a second run is the same; return what was missed."""
    matrix = long_talk(10.0, 8)
    times, plans = [], []
    for _ in range(2):
        begun = time.process_time()
        plans.append(select_angles(matrix, wide="H"))
        times.append(time.process_time() - begun)
    same = canonical_json([s.verdict for s in plans[0].shots]) == canonical_json([s.verdict for s in plans[1].shots])
    print(f"10 h x 8 cameras: {', '.join(f'{each:.2f} s' for each in times)} of CPU, {len(plans[0].shots)} shots")
    print(f"a second run is {'bit-identical' if same else 'DIFFERENT'}")
    missed = [limit("CPU for 10 h x 8 cameras, s", min(times), 2.0, above=False)]
    return [each for each in [*missed, "" if same else "the second run"] if each]


def long_talk(hours: float, cameras: int) -> EnergyMatrix:
    """Return the levels of seven people who take turns for `hours`, made straight as levels."""
    rng = np.random.default_rng(5)
    count, people = round(hours * 36_000), cameras - 1
    levels = rng.normal(-52.0, 2.0, (count, cameras))
    at = 0
    while at < count:
        length, who = int(np.clip(rng.lognormal(np.log(60), 0.8), 10, 400)), int(rng.integers(people))
        said = -20.0 + 6.0 * np.sin(np.arange(length) * 2.1) + rng.normal(0, 2, length) - 25 * (rng.random(length) < 0.12)
        span = slice(at, min(at + length, count))
        said = said[: span.stop - at]
        levels[span] = np.maximum(levels[span], (said - 11.0)[:, None])
        levels[span, who] = np.maximum(said, -52.0)
        at += length + int(rng.integers(1, 9))
    return EnergyMatrix(100, tuple(chr(ord("A") + n) for n in range(cameras)), levels.astype(np.float32))


def limit(what: str, value: float, bound: float, *, above: bool) -> str:
    """Print a figure beside its limit; return its name if it is missed, else nothing."""
    kept = value >= bound if above else value <= bound
    sign, unit = ("at least" if above else "at most"), (".2f" if bound >= 1 else ".1%")
    print(f"{what:52}{value:{unit}}  ({sign} {bound:{unit}}) {'kept' if kept else 'MISSED'}")
    return "" if kept else what


if __name__ == "__main__":
    main()
