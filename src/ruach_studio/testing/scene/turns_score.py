"""Turn a cut list and the truth of a conversation into figures: right, wide and wrong time, cross-talk, cuts by colour.

Turn time is when exactly one person holds the floor; where two turns overlap either is right. Backchannels and laughter
take the floor from nobody. A close-up is a wrong cut if another held the floor longer during it than the person it shows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ruach_studio.testing.scene.turns import TurnScene

_STEP_S = 0.05


class ShotLike(Protocol):
    """What a score needs of a shot."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def camera(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def confidence(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Score:
    """Shares in [0, 1] of turn time; of cross-talk on the wide; cuts (all, wrong) by colour; cuts a minute."""

    right: float
    wide: float
    wrong: float
    crosstalk_wide: float
    cuts: Mapping[str, tuple[int, int]]
    cuts_per_min: float


def score(scene: TurnScene, shots: Sequence[ShotLike], shows: Mapping[str, Collection[str]] | None = None) -> Score:
    """Return the figures of `shots`; `shows` names the cameras of each speaker (default: the camera of his name)."""
    holds, names, crosstalk = floor_of(scene)
    count = holds.shape[0]
    cameras = {name: set((shows or {}).get(name, {name})) for name in names}
    at = np.minimum(
        np.searchsorted([s.end_s for s in shots], (np.arange(count) + 0.5) * _STEP_S, side="right"), len(shots) - 1
    )
    good = np.array([[shot.camera in cameras[name] for name in names] for shot in shots])[at]
    anyone, held, hit = (np.asarray(each.any(axis=1), bool) for each in (good, holds, good & holds))
    turn = held & ~crosstalk
    right, wide = hit[turn].mean(), (~anyone)[turn].mean()
    cuts = {"green": (0, 0), "yellow": (0, 0), "red": (0, 0)}
    for i, shot in enumerate(shots):
        inside = (at == i) & turn
        shown = good[np.argmax(at == i)] if (at == i).any() else np.zeros(len(names), bool)
        if not shown.any() or not inside.any() or shot.reason == "reaction":
            continue
        own = int((holds[inside][:, shown]).any(axis=1).sum())
        other = int((holds[inside][:, ~shown]).sum(axis=0).max(initial=0))
        colour = "green" if shot.confidence >= 0.8 else "yellow" if shot.confidence >= 0.5 else "red"
        whole, wrong = cuts[colour]
        cuts[colour] = (whole + 1, wrong + (other > own))
    both = crosstalk & (np.arange(count) * _STEP_S < shots[-1].end_s)
    share = float((~anyone)[both].mean()) if both.any() else 1.0
    minutes = scene.table.seconds / 60.0
    return Score(float(right), float(wide), float(1 - right - wide), share, cuts, len(shots) / minutes)


def floor_of(scene: TurnScene) -> tuple[npt.NDArray[np.bool_], list[str], npt.NDArray[np.bool_]]:
    """Return who holds the floor every 50 ms, (n, speakers), their names, and where cross-talk is sustained."""
    names = sorted({each.speaker for each in scene.said})
    count = round(scene.table.seconds / _STEP_S)
    holds, crosstalk = np.zeros((count, len(names)), bool), np.zeros(count, bool)
    for each in scene.said:
        span = slice(round(each.start_s / _STEP_S), round(each.end_s / _STEP_S))
        if each.kind == "turn":
            holds[span, names.index(each.speaker)] = True
        elif each.kind == "crosstalk":
            crosstalk[span] = True
    return holds, names, crosstalk
