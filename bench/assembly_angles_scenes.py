"""Turn seeds that no tuning has seen into conversations with energy and arrival order, for bench/assembly_angles.py.

Tuning used seeds 1 to 12 and 41 to 46; what was seen on 101 to 114, 201 to 206, 301 to 306, on 401, 501, 601 and following
and on 701, 801, 901 and following led to repairs, so that these count as seen too. Held out, and looked at once, when the
rules stood: 1001 to 1014 (levels can be trusted), 1101 to 1106 (automatic gain control on every camera), 1201 to 1206 (hard:
what is wrong with each stands in its name).
"""

from dataclasses import dataclass, replace

from ruach_studio.assembly.angles import needs_arrival
from ruach_studio.assembly.arrival import arrival_matrix
from ruach_studio.assembly.digest import AudioDigest
from ruach_studio.assembly.energy import EnergyMatrix, energy_matrix
from ruach_studio.assembly.sync import Placement
from ruach_studio.testing.scene.turns import PCM_RATE, WIDE, Table, TurnScene, make_turns


@dataclass(frozen=True, slots=True)
class Case:
    """A scene and what is done to it: `late_s` puts camera B wrongly, `deaf` leaves arrival order out."""

    name: str
    table: Table
    late_s: float = 0.0
    deaf: bool = False
    sync_confidence: float = 1.0


_PEOPLE = (3, 4, 5, 6, 3, 4, 5, 6, 3, 4, 3, 4, 5, 3)
_BACKCHANNELS = (2.0, 3.0, 4.0, 5.0)
TRUSTED = tuple(
    Case(
        f"{people} speakers",
        Table(
            1001 + i, people, reverb_s=0.3 + 0.7 * (i % 5) / 4, backchannels_per_min=_BACKCHANNELS[i % 4],
            turn_median_s=(4.0, 6.0, 8.0)[i % 3],
        ),
    )
    for i, people in enumerate(_PEOPLE)
)  # fmt: skip
CONTROLLED = tuple(
    Case(
        f"AGC, {people} speakers",
        Table(1101 + i, people, agc=True, reverb_s=(0.3, 0.5, 0.8)[i % 3], late_ms=(0.0, 3.0, -2.0)),
    )
    for i, people in enumerate((3, 4, 5, 3, 4, 6))
)
HARD = (
    Case("AGC, arrival order not measured", Table(1201, 3, agc=True), deaf=True),
    Case("AGC, 4 speakers, not measured", Table(1202, 4, agc=True, reverb_s=0.8), deaf=True),
    Case("bleed -3 to 0 dB, not measured", Table(1203, 3, bleed_db=(-3.0, 0.0), reverb_s=0.8), deaf=True),
    Case("gain step of 9 dB", Table(1204, 3, gain_step=(1, 250.0, 9.0))),
    Case("a recorder stops for 2 minutes", Table(1205, 4, gone=(0, 150.0, 270.0))),
    Case("one camera 400 ms off, known", Table(1206, 3), late_s=0.4, sync_confidence=0.5),
)


def heard(case: Case, window_ms: int = 100) -> tuple[TurnScene, EnergyMatrix]:
    """Return the scene and its energy, with arrival order where the rule asks for it."""
    scene = make_turns(case.table)
    tracks = {
        name: [AudioDigest(PCM_RATE, 1, each.pcm8k.size / PCM_RATE, each.pcm8k, each.power10ms)]
        for name, each in scene.tracks.items()
    }
    places = [Placement(name, 0, case.late_s if name == "B" else 0.0, 0.0, 1.0, "looks-good", 0.0) for name in tracks]
    matrix = energy_matrix(tracks, places, window_ms, case.table.seconds)
    if window_ms == 100 and not case.deaf and needs_arrival(matrix, wide=WIDE):
        mics = [name for name in tracks if name != WIDE]
        matrix = replace(matrix, arrival=arrival_matrix(tracks, places, mics, case.table.seconds))
    return scene, matrix


def coarse(scene: TurnScene, case: Case) -> EnergyMatrix:
    """Return the published 500 ms energy of `scene`, for `angle-v1`."""
    tracks = {
        name: [AudioDigest(PCM_RATE, 1, each.pcm8k.size / PCM_RATE, each.pcm8k, each.power10ms)]
        for name, each in scene.tracks.items()
    }
    places = [Placement(name, 0, case.late_s if name == "B" else 0.0, 0.0, 1.0, "looks-good", 0.0) for name in tracks]
    return energy_matrix(tracks, places, 500, case.table.seconds)
