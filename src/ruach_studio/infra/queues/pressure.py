"""Turn a queue's depth into its backpressure level, and say whether its non-critical work pauses now.

More than 50 waiting jobs are `warning`, more than 200 `degraded`, more than 500 `shedding`. A level rises at once and
falls by itself, but only at 80 % of the depth that began it (400, 160, 40), so that a depth around a threshold does
not ring the bell every second. A rise to `degraded` or above pauses non-critical work; no fall ever resumes it: that is
the operator's word (`queue.resume`). After that word it pauses again at the next rise only, not because the level still
stands. infra/pressure/monitor.py measures and keeps; this module is pure.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from ruach_studio.kernel.errors import Unavailable

Level = Literal["normal", "warning", "degraded", "shedding"]
LEVELS: tuple[Level, ...] = get_args(Level)
PAUSING_LEVELS = frozenset({"degraded", "shedding"})
RETRY_AFTER_S = 300


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Above how many waiting jobs each level begins. It is left at 80 % of that."""

    warning: int = 50
    degraded: int = 200
    shedding: int = 500

    def rises_above(self, level: Level) -> int:
        """Return the depth above which `level` begins; -1 for normal."""
        return {"normal": -1, "warning": self.warning, "degraded": self.degraded, "shedding": self.shedding}[level]

    def falls_at(self, level: Level) -> int:
        """Return the depth at which `level` is left; -1 for normal, which never is by falling."""
        return self.rises_above(level) * 8 // 10


SPECIFIED = Thresholds()


class Shedding(Unavailable):
    """The queue is too deep for anything but an operator's critical work."""

    code = "shedding"


@dataclass(frozen=True, slots=True)
class Pressure:
    """Where one queue stands, as it is kept. `depth` is that of the last change; `paused_since` None: nothing is held.

    `correlation_id` is one for the whole incident, from leaving `normal` until `normal` again.
    """

    queue: str
    level: Level = "normal"
    level_since: datetime | None = None
    depth: int = 0
    paused_since: datetime | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a depth means for a queue: its level now, whether its non-critical work pauses from now on, and why."""

    level: Level
    previous: Level
    pauses: bool
    reason: str

    @property
    def changed(self) -> bool:
        """Say whether the level is another than before."""
        return self.level != self.previous


def level_at(depth: int, current: Level, thresholds: Thresholds = SPECIFIED) -> Level:
    """Return the level of a queue that stood at `current` and now holds `depth` waiting jobs."""
    reached = max(LEVELS.index(level) for level in LEVELS if depth > thresholds.rises_above(level))
    held = max(LEVELS.index(level) for level in LEVELS if depth > thresholds.falls_at(level))
    return LEVELS[max(reached, min(LEVELS.index(current), held))]


def judge(depth: int, current: Level, *, paused: bool, thresholds: Thresholds = SPECIFIED) -> Judgement:
    """Judge a queue that stood at `current`, its non-critical work `paused` or not, and now holds `depth` waiting jobs."""
    level = level_at(depth, current, thresholds)
    rises = LEVELS.index(level) > LEVELS.index(current)
    if rises:
        reason = f"{depth} jobs wait, more than {thresholds.rises_above(level)}"
    elif level != current:
        reason = f"{depth} jobs wait, no more than {thresholds.falls_at(current)}"
    else:
        reason = f"{depth} jobs wait"
    return Judgement(level, current, rises and level in PAUSING_LEVELS and not paused, reason)


def refuse_if_shedding(pressure: Pressure) -> None:
    """Raise Shedding (503, Retry-After: 300) if the queue takes no non-essential work now."""
    if pressure.level == "shedding":
        raise Shedding(
            f"too many jobs wait ({pressure.depth} when it began to shed); only critical work is taken",
            subject=pressure.queue, remedy="Ask again in 5 minutes, or have an operator mark the request critical.",
            retry_after_s=RETRY_AFTER_S, queue=pressure.queue, level=pressure.level, depth=pressure.depth,
        )  # fmt: skip


def level_named(text: str) -> Level:
    """Return a stored level as what it is; raise ValueError for any other word."""
    if text not in LEVELS:
        raise ValueError(f"{text!r} is no backpressure level")
    return text
