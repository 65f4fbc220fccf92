"""Turn a rule's choice of camera into one value that explains itself: the shot, the options it obeyed, the plan.

`angles_v1.py` and `angles_v2.py` make these; `edl.py` turns them into cuts on frame boundaries. Times are seconds on
the master timeline (master camera's start = 0), shots abut exactly, levels are absolute dBFS unless a name says
otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.mapping import SpeakerMap, map_to_wire
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import sha256_hex

Reason = Literal["speaker", "reaction", "wide", "emphasis", "operator"]
Ruleset = Literal["angle-v1", "angle-v2"]
Levels = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Backchannel = Literal["hold", "cut"]
Laughter = Literal["wide", "hold"]
Collision = Literal["hold", "winner", "wide"]
Crosstalk = Literal["wide", "winner", "hold"]

_STRATEGIES = {
    "backchannel": ("hold", "cut"), "laughter": ("wide", "hold"), "collision": ("hold", "winner", "wide"),
    "crosstalk": ("wide", "winner", "hold"),
}  # fmt: skip
REVISION = 3  # of `angle-v2`, the latest; what was decided by an earlier one stays so (0033, 0045)
_FIRST_OPTIONS = (
    "min_shot_s", "switch_cooldown_s", "lead_db", "silence_dbfs", "pace_s", "lead_in_s", "overlap_s", "max_shot_s",
    "cutaway_s", "sync_confidence",
)  # fmt: skip

DEFAULT_RULESET: Ruleset = "angle-v2"
HIGH_CONFIDENCE = 0.8
MEDIUM_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class AngleOptions:
    """What the operator may set. The defaults of the first four are the specification's.

    `silence_dbfs` is absolute (dBFS of the window's RMS), never relative to a camera's own peak. `pace_s` is how many
    seconds of the better picture a cut must buy before it is made (`angle-v2`). `max_shot_s` = None leaves long
    speeches alone; beyond a number, staying costs more and more, until a reaction or wide shot of `cutaway_s` relieves them.
    `sync_confidence` is the sync solution's confidence per camera, 0..1; a camera that is missing here counts as certain.
    What to show when somebody says a word in between (`backchannel`), all laugh (`laughter`), two begin at once
    (`collision`), people talk at once for 3 s and more (`crosstalk`): the wide, whoever held the floor, whoever wins it.
    """

    min_shot_s: float = 2.0
    switch_cooldown_s: float = 1.5
    lead_db: float = 6.0
    silence_dbfs: float = -40.0
    pace_s: float = 0.6
    lead_in_s: float = 0.12
    overlap_s: float = 0.8
    max_shot_s: float | None = None
    cutaway_s: float = 2.5
    sync_confidence: Mapping[str, float] = field(default_factory=dict)
    backchannel: Backchannel = "hold"
    laughter: Laughter = "wide"
    collision: Collision = "wide"
    crosstalk: Crosstalk = "wide"

    def __post_init__(self) -> None:
        for name, allowed in _STRATEGIES.items():
            if getattr(self, name) not in allowed:
                raise BadInput(
                    f"{name} = {getattr(self, name)!r} is not known", subject="options", remedy=f"Use {', '.join(allowed)}."
                )
        for name in ("min_shot_s", "switch_cooldown_s", "pace_s", "lead_in_s", "overlap_s", "cutaway_s", "lead_db"):
            value = getattr(self, name)
            if not 0.0 <= value < 3600.0:
                raise BadInput(
                    f"{name} = {value} is out of range", subject="options", remedy="Give 0 or a sensible positive number."
                )
        if not -200.0 <= self.silence_dbfs <= 0.0:
            raise BadInput(
                f"a silence threshold of {self.silence_dbfs} dBFS cannot be met", subject="options",
                remedy="Give a level between -200 and 0 dBFS; the specification's is -40.",
            )  # fmt: skip
        if self.max_shot_s is not None and self.max_shot_s < 2 * self.min_shot_s + self.cutaway_s:
            raise BadInput(
                f"a maximum shot of {self.max_shot_s} s leaves no room for a cutaway", subject="options",
                remedy=f"Give at least {2 * self.min_shot_s + self.cutaway_s} s, or none at all.",
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shot:
    """One camera from `start_s` to `end_s` (exclusive), with the verdict of the decision that chose it."""

    start_s: float
    end_s: float
    camera: str
    reason: Reason
    confidence: float
    verdict: Verdict[str]


@dataclass(frozen=True, slots=True)
class MicCalibration:
    """What `angle-v2` learned about one microphone.

    `floor_dbfs`: its noise floor. `own_dbfs`: its level while its own speaker talks. `separation_db`: by how much its
    speaker is stronger here than (calibrated) on the microphone that hears him second best. `own_s`: seconds of
    evidence behind this.
    """

    mic: str
    camera: str
    floor_dbfs: float
    own_dbfs: float
    separation_db: float
    own_s: float


@dataclass(frozen=True, slots=True)
class AnglePlan:
    """The whole programme as shots, with the one set of inputs that every verdict in it hashes."""

    shots: tuple[Shot, ...]
    rules_version: str
    duration_s: float
    inputs: Mapping[str, object]
    options: AngleOptions
    calibration: tuple[MicCalibration, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """An energy matrix with its meaning: which column hears whom, who may be shown, which camera is wide."""

    matrix: EnergyMatrix
    duration_s: float
    mics: tuple[tuple[str, str], ...]  # (microphone's column, camera that shows its speaker), in the matrix's order
    wide: str | None
    options: AngleOptions
    cameras: tuple[str, ...]  # everything that can be shown, close-ups in mic order, then the wide
    speakers: SpeakerMap | None = None  # said by a person; None: one speaker per microphone, as `mics` says
    revision: int = 1

    @property
    def window_s(self) -> float:
        """Return the length of a window in seconds."""
        return self.matrix.window_ms / 1000.0

    def column(self, name: str) -> Levels:
        """Return one camera's levels, float64 (n_windows,): dBFS, -inf digital silence, NaN not recording."""
        return np.asarray(self.matrix.dbfs[:, self.matrix.cameras.index(name)], dtype=np.float64)

    def inputs(self, ruleset: Ruleset) -> dict[str, object]:
        """Return exactly what a ruleset reads, in plain form; the matrix stands there by its hash."""
        first: dict[str, object] = {
            "rulesVersion": ruleset,
            "energy": {
                "windowMs": self.matrix.window_ms,
                "cameras": list(self.matrix.cameras),
                "windows": int(self.matrix.dbfs.shape[0]),
                "sha256": energy_hash(self.matrix),
            },
            "durationS": self.duration_s,
            "micMap": dict(self.mics),
            "wide": self.wide,
            "options": {name: getattr(self.options, name) for name in _FIRST_OPTIONS},
        }
        if self.speakers is not None:
            first["speakers"] = map_to_wire(self.speakers)
        if ruleset == "angle-v1" or self.revision == 1:
            return first
        arrival = self.matrix.arrival
        return {
            **first,
            "revision": self.revision,
            "options": self.options,
            "arrival": None if arrival is None else {"sha256": arrival.sha256, "pairs": [list(p) for p in arrival.pairs]},
        }


def energy_hash(matrix: EnergyMatrix) -> str:
    """Return the SHA-256 of the levels: little-endian float32, row by row, one bit pattern for NaN."""
    if matrix.sha256 is not None:
        return matrix.sha256
    levels = np.asarray(matrix.dbfs, dtype="<f4", order="C")
    gaps = np.isnan(levels)
    if gaps.any():
        levels = levels.copy()
        levels[gaps] = np.float32("nan")
    return sha256_hex(levels.data)


def named(camera: str) -> str:
    """Return a camera's name as a person reads it."""
    return f"Camera {camera}"
