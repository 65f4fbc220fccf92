"""Turn a dead letter and those beside it into what the playbook says: its row, and the counters that call for escalation.

The words that all pillars share. Each pillar's triage.py holds its rows; a row carries its alarms, and an alarm is a count
with a limit ("3 timeouts on the same session"). What is counted are dead letters, never attempts: the four tries of one job
that timed out are one letter. Nothing here reads a clock: windows lie around the death of the letter that is looked at.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Safe = Literal["yes", "no", "after-repair", "unknown"]
LARGE_FILE_BYTES = 2_000_000_000
_CORRUPT = frozenset({"bad_media", "undecodable_sound"})
_NOT_THE_FILES_FAULT = ("there is no such file", "may not be read", "is a folder")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as the alarms read it. `subject` names whom it concerns (a session, an enrollment; "" if nobody knows).

    `details` came with its error, `facts` were measured as it died, `failed_at` are the ends of its attempts.
    """

    letter_id: str
    name: str
    code: str
    message: str
    subject: str
    died_at: datetime
    failed_at: tuple[datetime, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


# (the letter, every letter of its queue that has its row, itself included; when a job of its kind was last done) -> value
Measure = Callable[[Letter, Sequence[Letter], datetime | None], float]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Escalate as soon as `measure` reaches `at_least` (of `unit`), for this `reason`."""

    name: str
    at_least: float
    unit: str
    reason: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Counter:
    """Where an alarm stands for one letter."""

    name: str
    value: float
    at_least: float
    unit: str
    reason: str

    @property
    def escalate(self) -> bool:
        """Say whether the limit is reached."""
        return self.value >= self.at_least

    def to_wire(self) -> dict[str, Any]:
        """Return what API and command line show."""
        return {
            "name": self.name, "value": round(self.value, 1), "atLeast": self.at_least, "unit": self.unit,
            "escalate": self.escalate, "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a triage playbook. `dlq` is the specification's table and `cause` its number there; None: a row of ours.

    `requeue_when` is the condition beside "Yes", or what to do instead of "No". Only where `discard` is true does the
    playbook let an operator throw the letter away.
    """

    cause: int | None
    title: str
    check_first: str
    safe: Safe
    requeue_when: str
    escalate_when: str
    dlq: str | None = None
    discard: bool = False
    alarms: tuple[Alarm, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object that the dead letter keeps."""
        return {
            "playbook": self.dlq, "cause": self.cause, "title": self.title, "checkFirst": self.check_first,
            "safeToRequeue": self.safe, "requeueWhen": self.requeue_when, "escalateWhen": self.escalate_when,
            "discardable": self.discard,
        }  # fmt: skip

    def counters(self, letter: Letter, same: Sequence[Letter], last_done_at: datetime | None) -> tuple[Counter, ...]:
        """Return where each alarm stands for `letter`; `same`: the letters of its queue with this row, itself included."""
        return tuple(
            Counter(each.name, each.measure(letter, same, last_done_at), each.at_least, each.unit, each.reason)
            for each in self.alarms
        )


@dataclass(frozen=True, slots=True)
class WayBack:
    """What an operator can do about a letter: a recovery command, or the ordinary request that asks for the work again.

    `line` is ready for a shell or an HTTP client; REASON stands for a sentence of the operator's own. `params` are those of
    the `command`, on the wire, as far as the letter knows them.
    """

    line: str
    says: str
    command: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Return what API and command line show."""
        return {"command": self.command, "params": dict(self.params), "line": self.line, "says": self.says}


UNKNOWN = Row(
    None, "Unknown", "The error's last lines, every attempt, and `ruach ops dlq show`: nobody has judged this error yet.",
    "unknown", "Find the cause first; a fault that stays dies again.",
    "Always: report it with its ids, so that it gets a row.",
)  # fmt: skip

NO_ROOM_CODES = frozenset({"out_of_space", "not_writable"})
NO_ROOM = Row(
    None, "No room, or no right to write", "Free space and permissions of the folder that the error names.",
    "after-repair", "Make room, then ask for it again.", "It fills again within a day: the disk is too small for the load.",
)  # fmt: skip


def on_the_same_subject(letter: Letter, same: Sequence[Letter], _done: datetime | None) -> float:
    """Count the letters about the same session, enrollment, …; a letter about nobody counts itself."""
    return float(sum(each.subject == letter.subject for each in same) if letter.subject else 1)


def subjects_within(window: timedelta) -> Measure:
    """Return a count of the different subjects whose letters died within `window` of the letter's death."""

    def count(letter: Letter, same: Sequence[Letter], _done: datetime | None) -> float:
        return float(len({each.subject for each in _near(letter, same, window) if each.subject}))

    return count


def letters_within(window: timedelta) -> Measure:
    """Return a count of the letters that died within `window` of the letter's death."""

    def count(letter: Letter, same: Sequence[Letter], _done: datetime | None) -> float:
        return float(len(_near(letter, same, window)))

    return count


def minutes_failing(counts: Callable[[Letter], bool]) -> Measure:
    """Return the minutes from the first to the last failed attempt since a job of that kind was last done.

    A success between two failures ends the outage: what failed before it does not count, nor does a letter that `counts`
    leaves out.
    """

    def measure(letter: Letter, same: Sequence[Letter], done: datetime | None) -> float:
        if not counts(letter):
            return 0.0
        failed = [at for each in same if counts(each) for at in each.failed_at or (each.died_at,)]
        since = [at for at in failed if done is None or at > done]
        return (max(since) - min(since)).total_seconds() / 60 if since else 0.0

    return measure


def fact(holds: Callable[[Letter], bool]) -> Measure:
    """Return 1 where `holds` is true of the letter by itself, else 0."""

    def measure(letter: Letter, _same: Sequence[Letter], _done: datetime | None) -> float:
        return float(holds(letter))

    return measure


def file_is_corrupt(letter: Letter) -> bool:
    """Say whether the file is there and the decoder refuses it: no repetition mends that."""
    return letter.code in _CORRUPT and not any(words in letter.message for words in _NOT_THE_FILES_FAULT)


def again_on_large_files(letter: Letter, same: Sequence[Letter], _done: datetime | None) -> float:
    """Count the letters about the same subject whose fact `largestFileBytes` is above 2 GB."""
    return float(
        sum(each.subject == letter.subject and each.facts.get("largestFileBytes", 0) > LARGE_FILE_BYTES for each in same)
    )


def _near(letter: Letter, same: Sequence[Letter], window: timedelta) -> list[Letter]:
    return [each for each in same if abs(each.died_at - letter.died_at) <= window]
