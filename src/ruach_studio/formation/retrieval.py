"""Turn ranks from several searches and a member's history into one order, each hit with its reasons in numbers.

retrieval-v1: a hit earns 1 / (60 + rank) from each list it is in (reciprocal rank fusion: full text, meaning, title), and
the sum is multiplied: done already 1/2, next open step 6/5, a tag of the last reflection 11/10, read within 7 days 4/5.
Exact fractions; ties by key. A locked hit counts by its title alone, has no text, and history does not move it. Nothing
is cut off by its score (it is at most 3/61), only by `limit`. The rule reads ranks, never vectors or texts.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Literal, cast

from ruach_studio.formation.scoring import check_aware
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash

RETRIEVAL_RULES = "retrieval-v1"
RRF_K = 60
DONE, FRONTIER, REFLECTED, RECENT = Fraction(1, 2), Fraction(6, 5), Fraction(11, 10), Fraction(4, 5)
RECENT_DAYS = 7
NOTHING = "nothing"
MOST_QUERY_LETTERS = 400

State = Literal["done", "started", "open", "locked", "library"]
List = Literal["text", "meaning", "title"]
_LISTS: Mapping[List, str] = {"text": "full text", "meaning": "meaning", "title": "title"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What at least one search found. `key` names it and breaks ties; `ranks` count from 1. `state` is the member's with
    its node: "library" is readable and on nobody's path (staff). `tags` are the node's, `read_at` its last touch."""

    key: str
    state: State
    ranks: Mapping[List, int]
    tags: frozenset[str] = frozenset()
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The question and what the answer depends on. `query_sha256` stands for the words, which may tell of a conscience and
    are kept nowhere; `embedder` is its id and fingerprint, () without one; `meaning` is the weight of its list (1: as full
    text); `reflected_tags` are the last reflection's."""

    query_sha256: str
    as_of: datetime
    limit: int
    embedder: tuple[str, ...] = ()
    reflected_tags: frozenset[str] = frozenset()
    degraded: tuple[str, ...] = ()
    meaning: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: its exact score and why it stands where it stands."""

    key: str
    locked: bool
    score: Fraction
    reasons: tuple[str, ...]

    @property
    def score_ppm(self) -> int:
        """Return the score in millionths, rounded down."""
        return int(self.score * 1_000_000)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The hits, the best first; `inputs` is what the verdict's hash covers."""

    hits: tuple[Hit, ...]
    verdict: Verdict[str]
    inputs: Mapping[str, object] = field(repr=False)


def rank_hits(asked: Asked, candidates: Iterable[Candidate]) -> Ranking:
    """Return at most `asked.limit` candidates in order. Raises BadInput for a naive time. Rules: module docstring."""
    check_aware(asked.as_of)
    inputs = _inputs(asked, candidates)
    hits, verdict = decide(inputs)
    return Ranking(hits, verdict, inputs)


def decide(inputs: Mapping[str, Any]) -> tuple[tuple[Hit, ...], Verdict[str]]:
    """Return the hits and the verdict that follow from plain inputs, those of a moment ago or those kept in the audit."""
    weights = {name: Fraction(text) for name, text in inputs["weights"].items()}
    as_of, reflected = datetime.fromisoformat(inputs["asOf"]), set(inputs["reflectedTags"])
    hits = [_hit(each, inputs["k"], weights, as_of, reflected) for each in inputs["candidates"]]
    hits.sort(key=lambda hit: (-hit.score, hit.key))
    kept = tuple(hits[: inputs["limit"]])
    reasons = [f"{hit.key}: {'; '.join(hit.reasons)}" for hit in kept] or ["no list found anything"]
    reasons += [f"degraded: {each}" for each in inputs["degraded"]]
    decision = ", ".join(hit.key for hit in kept) or NOTHING
    return kept, Verdict(decision, tuple(reasons), inputs_hash(inputs), RETRIEVAL_RULES)


def _hit(given: Mapping[str, Any], k: int, weights: Mapping[str, Fraction], as_of: datetime, reflected: set[str]) -> Hit:
    locked = given["state"] == "locked"
    ranks = cast(Mapping[List, int], given["ranks"])
    lists = [name for name in _LISTS if name in ranks and (name == "title" or not locked)]
    parts = [(weights["meaning"] if name == "meaning" else 1) * Fraction(1, k + ranks[name]) for name in lists]
    score = sum(parts, Fraction())
    reasons = [f"{_LISTS[name]} rank {ranks[name]}: +{part}" for name, part in zip(lists, parts, strict=True)]
    if locked:
        return Hit(given["key"], True, score, (*reasons, "locked: found by its title, tags or description alone"))
    for factor, why in _history(given, weights, as_of, reflected):
        score *= factor
        reasons.append(f"{why}: ×{factor.numerator}/{factor.denominator}")
    return Hit(given["key"], False, score, tuple(reasons))


def _history(
    given: Mapping[str, Any], weights: Mapping[str, Fraction], as_of: datetime, reflected: set[str]
) -> list[tuple[Fraction, str]]:
    found: list[tuple[Fraction, str]] = []
    if given["state"] == "done":
        found.append((weights["done"], "done already"))
    elif given["state"] in ("started", "open"):
        found.append((weights["frontier"], "started, not finished" if given["state"] == "started" else "open, not done"))
    if shared := sorted(reflected.intersection(given["tags"])):
        found.append((weights["reflected"], f"shares {', '.join(shared)} with your last reflection"))
    if given["readAt"] is not None:
        ago = as_of - datetime.fromisoformat(given["readAt"])
        if timedelta() <= ago < timedelta(days=RECENT_DAYS):
            when = "today" if ago.days == 0 else f"{ago.days} day{'s' * (ago.days != 1)} ago"
            found.append((weights["recent"], f"read {when}"))
    return found


def _inputs(asked: Asked, candidates: Iterable[Candidate]) -> dict[str, object]:
    weights = {
        "meaning": asked.meaning, "done": DONE, "frontier": FRONTIER, "reflected": REFLECTED, "recent": RECENT,
    }  # fmt: skip
    return {
        "querySha256": asked.query_sha256,
        "asOf": asked.as_of.astimezone(UTC).isoformat(),
        "limit": asked.limit,
        "k": RRF_K,
        "weights": {name: f"{each.numerator}/{each.denominator}" for name, each in weights.items()},
        "embedder": list(asked.embedder),
        "reflectedTags": sorted(asked.reflected_tags),
        "degraded": list(asked.degraded),
        "candidates": [plain for each in sorted(candidates, key=lambda each: each.key) if (plain := _plain(each))["ranks"]],
    }


def _plain(each: Candidate) -> dict[str, object]:
    ranks: Mapping[List, int] = each.ranks
    if each.state == "locked":
        ranks = {name: rank for name, rank in ranks.items() if name == "title"}
    read_at = None if each.read_at is None else each.read_at.astimezone(UTC).isoformat()
    return {
        "key": each.key, "state": each.state, "ranks": dict(ranks), "tags": sorted(each.tags), "readAt": read_at,
    }  # fmt: skip


def checked_query(query: str) -> str:
    """Return the query with control and unassigned characters as spaces. Raises BadInput if it is empty or too long."""
    odd = {"Cc", "Cs", "Co", "Cn"}
    kept = "".join(" " if unicodedata.category(each) in odd else each for each in query)
    words = " ".join(kept.split())
    if not words:
        raise BadInput("there is nothing to search for", subject="q", remedy="Type a word or a question.")
    if len(words) > MOST_QUERY_LETTERS:
        raise BadInput(f"it has {len(words)} characters", subject="q", remedy=f"Ask in at most {MOST_QUERY_LETTERS}.")
    return words


def within_budget(words: Sequence[int], budget: int) -> tuple[int, ...]:
    """Return the places, in order, of the passages that fit into `budget` words together; one too long is passed over."""
    taken: list[int] = []
    left = budget
    for place, count in enumerate(words):
        if count <= left:
            taken.append(place)
            left -= count
    return tuple(taken)
