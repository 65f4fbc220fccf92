"""Make times that are hard on the sliding one-second window (decision F3), and judge what writers were told of them.

Knows nothing of how the store decides: it looks at the times of what was accepted in the end, by brute force per key.
"""

import random
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One event that a writer offered: `key` is (user, type, content), `at_us` its time, `accepted` what it was told."""

    key: Hashable
    at_us: int
    accepted: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """`violations`: neighbours less than 1.000000 s apart. `unjustified`: refusals with nothing that near.

    `astray`: told to be accepted without standing there, or standing there without.
    """

    accepted: int
    refused: int
    violations: int
    unjustified: int
    astray: int


def times(count: int, dice: random.Random, start: datetime) -> Iterator[datetime]:
    """Yield times as they come: 50 ms apart, ±1.5 s of jitter; one in ten exactly 1 s after another, one in twenty late."""
    made: list[datetime] = []
    for n in range(count):
        at = start + timedelta(milliseconds=50 * n, microseconds=dice.randint(-1_500_000, 1_500_000))
        if made and n % 10 == 0:
            at = dice.choice(made) + timedelta(seconds=1)
        if n % 20 == 0:
            at -= timedelta(seconds=dice.randint(30, 300))
        made.append(at)
        yield at


def judge(attempts: Iterable[Attempt], stored: Iterable[tuple[Hashable, int]]) -> Judgement:
    """Return what is wrong with `stored` (key, time), given what the writers were told of their attempts."""
    made, stands = list(attempts), Counter(stored)
    kept: dict[Hashable, list[int]] = defaultdict(list)
    for key, at_us in sorted(stands.elements(), key=lambda each: each[1]):
        kept[key].append(at_us)
    told = Counter((each.key, each.at_us) for each in made if each.accepted)
    return Judgement(
        accepted=told.total(),
        refused=len(made) - told.total(),
        violations=sum(later - at < SECOND_US for each in kept.values() for at, later in pairwise(each)),
        unjustified=sum(not each.accepted and not _near(kept[each.key], each.at_us) for each in made),
        astray=(told - stands).total() + (stands - told).total(),
    )


def _near(times: list[int], at_us: int) -> bool:
    """Say whether one of the rising `times` is less than a second away."""
    return bisect_right(times, at_us - SECOND_US) < bisect_left(times, at_us + SECOND_US)
