"""Turn a written answer and what came before it into: may it be handed in now, and does it pass? Rules `attempt-v1`.

- Words are whitespace-separated and hold a letter or a digit; a node asks for at least `min_words` of them (50).
- A prompt is scored at most once per 24 h; what is written in between is kept, unscored.
- After the k-th failed attempt at a checkpoint the next may come 15 min * 2^(k-1) later, at most a day.
- An answer passes a checkpoint if its recorded quality reaches the node's `pass_quality` (per mille).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ruach_studio.formation.graph import Node
from ruach_studio.formation.scoring import span_words
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash

ATTEMPT_RULES = "attempt-v1"
FIRST_COOLDOWN = timedelta(minutes=15)
MOST_COOLDOWN = timedelta(days=1)
SCORED_EVERY = timedelta(hours=24)


def count_words(text: str) -> int:
    """Return the number of whitespace-separated tokens with a letter or a digit of any script."""
    return sum(any(each.isalnum() for each in token) for token in text.split())


def cooldown_ends(failures: int, last_failed: datetime | None) -> datetime | None:
    """Return when the next attempt may come; None if at once. `failures`: how often it was failed so far."""
    if not failures or last_failed is None:
        return None
    doublings = min(failures - 1, 10)  # more would pass a day, and at last overflow
    pause: timedelta = min(FIRST_COOLDOWN * (1 << doublings), MOST_COOLDOWN)
    return last_failed + pause


def next_scored(last_scored: datetime | None) -> datetime | None:
    """Return when the next submission on a prompt will be scored; None if at once."""
    return None if last_scored is None else last_scored + SCORED_EVERY


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether an answer passes, with the numbers, and the inputs that the verdict's hash covers."""

    verdict: Verdict[Literal["pass", "fail"]]
    inputs: dict[str, object]


def judge_attempt(node: Node, quality: int, *, as_of: datetime, failures: int) -> Passage:
    """Return 'pass' if `quality` (0..1000) reaches the checkpoint's; a failed one says when the next may come."""
    inputs: dict[str, object] = {
        "node": node.node_id, "quality": quality, "passQuality": node.pass_quality, "failures": failures,
        "asOf": as_of.isoformat(),
    }  # fmt: skip
    passed = quality >= node.pass_quality
    reasons = [f"quality {quality} of 1000, {node.pass_quality} asked"]
    again = None if passed else cooldown_ends(failures + 1, as_of)
    if again is not None:
        reasons.append(f"{node.pass_quality - quality} short; the next attempt may come in {span_words(again - as_of)}")
    return Passage(Verdict("pass" if passed else "fail", tuple(reasons), inputs_hash(inputs), ATTEMPT_RULES), inputs)
