"""Write what a revision of `angle-v2` decides on the conversations of this folder: `python tests/golden/angles/make.py 3`.

A revision that has been released is never written anew: what it decided must verify for ever. `talks.json` holds the
inputs (tenths of dB; lags in eighths of a ms, heights in thousandths) and is made once, by `--talks`. `--edl` prints the
whole draft EDL that the latest revision makes of the first talk; `edl.json` holds it.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from ruach_studio.assembly.angles import AngleOptions, select_angles
from ruach_studio.assembly.arrival import ArrivalMatrix, arrival_matrix
from ruach_studio.assembly.digest import AudioDigest
from ruach_studio.assembly.edl import CanonicalEDL, to_wire
from ruach_studio.assembly.energy import EnergyMatrix, energy_matrix
from ruach_studio.assembly.session import Camera, Clip, SessionSources
from ruach_studio.assembly.sync import Placement, SyncSolution
from ruach_studio.assembly.usecases.decide import DraftOptions, decide
from ruach_studio.kernel.hashing import plain
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.testing.scene.turns import Table, make_turns

HERE = Path(__file__).parent
TALKS = {
    "levels": (Table(31, 3, seconds=90.0, gone=(1, 60.0, 70.0)), False),
    "gain control": (Table(50, 4, seconds=64.0, agc=True, late_ms=(0.0, 3.0, -2.0)), True),
    "strong bleed": (Table(33, 2, seconds=70.0, bleed_db=(-4.0, -3.0)), True),
}
OPTIONS = {
    "levels": AngleOptions(max_shot_s=12.0, sync_confidence={"A": 0.7}),
    "gain control": AngleOptions(),
    "strong bleed": AngleOptions(collision="winner"),
}


def talks():
    """Return the inputs, made from sound."""
    found = {}
    for name, (table, with_arrival) in TALKS.items():
        scene = make_turns(table)
        tracks = {n: [AudioDigest(8000, 1, r.pcm8k.size / 8000, r.pcm8k, r.power10ms)] for n, r in scene.tracks.items()}
        places = [Placement(n, 0, 0.0, 0.0, 1.0, "looks-good", 0.0) for n in tracks]
        matrix = energy_matrix(tracks, places, 100, table.seconds)
        levels = [[None if np.isnan(v) else round(float(max(v, -120.0)) * 10) for v in row] for row in matrix.dbfs]
        found[name] = {"cameras": list(matrix.cameras), "levels": levels}
        if with_arrival:
            order = arrival_matrix(tracks, places, [n for n in tracks if n != "W"], table.seconds)
            found[name]["pairs"] = [list(pair) for pair in order.pairs]
            found[name]["peaks"] = np.rint(order.peaks[:, :, :2] * [8.0, 1000.0]).astype(int).reshape(-1).tolist()
    return found


def matrix_of(talk):
    """Return the energy of one of `talks.json`, with its arrival order if it has one (two peaks of three)."""
    levels = [[np.nan if level is None else level / 10 for level in row] for row in talk["levels"]]
    arrival = None
    if "peaks" in talk:
        two = np.array(talk["peaks"], np.float32).reshape(len(levels), len(talk["pairs"]), 2, 2) / np.float32([8.0, 1000.0])
        peaks = np.concatenate([two, np.zeros_like(two[:, :, :1])], axis=2)
        arrival = ArrivalMatrix(tuple((a, b) for a, b in talk["pairs"]), peaks)
    return EnergyMatrix(100, tuple(talk["cameras"]), np.array(levels, dtype=np.float32), arrival)


def decided(name, talk, revision):
    """Return the inputs and the shots of one talk in plain form."""
    plan = select_angles(matrix_of(talk), wide="W", options=OPTIONS[name], revision=revision)
    return {"inputs": plain(plan.inputs), "shots": shots_of(plan)}


def shots_of(plan):
    """Return the shots of a plan in plain form."""
    return [
        [s.start_s, s.end_s, s.camera, s.reason, s.confidence, list(s.verdict.reasons), s.verdict.inputs_hash]
        for s in plan.shots
    ]


def edl_of(talk) -> CanonicalEDL:
    """Return the draft of a session with a late, drifting camera B, at 29.97, cut by the latest revision."""
    ntsc = FrameRate.parse("30000/1001")
    at = {"A": (0.0, 0.0, 0.99), "B": (-1.25, 40.0, 0.7), "C": (-3.5, -12.5, 0.95), "W": (-0.4, 0.0, 1.0)}
    cameras = tuple(
        Camera(name, (Clip(f"/m/{name}.mp4", 100.0 if offset_s else 90.0, ntsc, 1920, 1080, True),),
               role="wide" if name == "W" else "camera")
        for name, (offset_s, _, _) in at.items()
    )  # fmt: skip
    places = tuple(Placement(n, 0, o, ppm, sure, "looks-good", 0.001) for n, (o, ppm, sure) in at.items())
    options = DraftOptions(angle=AngleOptions(max_shot_s=20.0))
    matrix = matrix_of(talk)
    return decide("golden", SessionSources(cameras), SyncSolution("A", places), {100: matrix}, options).edl


def main():
    """Write one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", type=int, nargs="?")
    parser.add_argument("--talks", action="store_true")
    parser.add_argument("--edl", action="store_true")
    args = parser.parse_args()
    if args.talks:
        (HERE / "talks.json").write_text(json.dumps(talks(), separators=(",", ":")) + "\n")
        return
    given = json.loads((HERE / "talks.json").read_text())
    if args.edl:
        print(json.dumps(to_wire(edl_of(given["levels"])), indent=1))
        return
    made = {name: decided(name, talk, args.revision) for name, talk in given.items()}
    (HERE / f"angle_v2_revision_{args.revision}.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
