"""Turn a written reflection into a quality of 0..1000 by counting, with every number shown: `refl-rules-v1`.

Published and deterministic; English only. It is a floor and feedback, not a judge of depth: on CEReD's held-out test
sentences it tells reflective from descriptive documents of ten with AUC .89 (length alone .62), while per sentence it agrees
with people by kappa .64 for feeling, .33 for learning and .29 or less for the rest. Rules:
- Eight kinds of sentence (rubric_words.POINTS: 940 points), each full after two sentences; a sentence feeds at most two
  kinds, needs 5 words, the first person and 20 % function words, and counts once however often it is repeated.
- Length gives up to 60 points, rising from 40 to 150 words, if any sentence fed a kind; else the quality is 0.
- The sum is multiplied (per mille, rounded down each time) by: variety, distinct words per 50: 45 % full to 25 % zero;
  own words, five-word runs seen earlier in the same text: 15 % full to 50 % zero; plain speech, function words outside
  25..70 %: 300; originality, words within five-word runs of source, prompt or own other reflections: 15 % full to 50 % zero.
- Stuffing: from 3 own sentences on, an average of 2.5 kinds or more per sentence that shows any caps the quality at 600.
Give own reflections on OTHER prompts only as `own_earlier`, so that a draft may be improved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ruach_studio.formation.rubric_words import POINTS, function_per_mille, is_own_sentence, kinds_of, sentences_of, words_of
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash

RUBRIC_VERSION = "refl-rules-v1"
STUFFED_CAP = 600
_RUN = 5
_LENGTH_POINTS, _LENGTH_FROM, _LENGTH_TO = 60, 40, 150

Depth = Literal["none", "slight", "some", "deep"]  # 0, 1..249, 250..499, 500..1000


@dataclass(frozen=True, slots=True)
class Assessment:
    """`quality` 0..1000; `sub_scores`: points per kind and `length`; `multipliers`: per mille, 1000 = nothing taken off."""

    quality: int
    sub_scores: Mapping[str, int]
    verdict: Verdict[Depth]
    multipliers: Mapping[str, int]

    @property
    def is_regurgitation(self) -> bool:
        """Say whether half of the text or more is copied, from elsewhere or from itself."""
        return 0 in (self.multipliers["originality"], self.multipliers["ownWords"])

    @property
    def shows_wrestling(self) -> bool:
        """Say whether a sentence speaks of a difficulty."""
        return self.sub_scores["difficulty"] > 0


def assess(text: str, *, prompt: str, source_texts: Sequence[str], own_earlier: Sequence[str]) -> Assessment:
    """Return the quality of `text` with its points, multipliers and reasons; any text gets an answer."""
    words = words_of(text)
    shown = [kinds_of(sentence) for sentence in dict.fromkeys(sentences_of(text)) if is_own_sentence(sentence)]
    fed = _feed(shown)
    points = {kind: POINTS[kind] * fed[kind] // 2 for kind in POINTS}
    span = min(max(len(words), _LENGTH_FROM), _LENGTH_TO) - _LENGTH_FROM
    points["length"] = _LENGTH_POINTS * span // (_LENGTH_TO - _LENGTH_FROM) if any(fed.values()) else 0
    shares = {
        "variety": _distinct_per_mille(words),
        "ownWords": _repeated_per_mille(words),
        "plainSpeech": function_per_mille(words),
        "originality": _copied_per_mille(words, [prompt, *source_texts, *own_earlier]),
    }
    multipliers = {
        "variety": _between(shares["variety"], zero=250, full=450),
        "ownWords": _between(shares["ownWords"], zero=500, full=150),
        "plainSpeech": 1000 if 250 <= shares["plainSpeech"] <= 700 else 300,
        "originality": _between(shares["originality"], zero=500, full=150),
    }
    quality = sum(points.values())
    for each in multipliers.values():
        quality = quality * each // 1000
    capped = _is_stuffed(shown) and quality > STUFFED_CAP
    quality = STUFFED_CAP if capped else quality
    reasons = _reasons(points, fed, shares, multipliers, len(words), capped=capped)
    inputs = inputs_hash([text, prompt, list(source_texts), list(own_earlier)])
    return Assessment(quality, points, Verdict(_depth(quality), reasons, inputs, RUBRIC_VERSION), multipliers)


def _feed(shown: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Return kind -> sentences that fed it (0..2): each feeds the first two of its kinds, in points, that are not full."""
    fed = dict.fromkeys(POINTS, 0)
    for kinds in shown:
        for kind in [kind for kind in kinds if fed[kind] < 2][:2]:
            fed[kind] += 1
    return fed


def _is_stuffed(shown: Sequence[tuple[str, ...]]) -> bool:
    counts = [len(kinds) for kinds in shown if kinds]
    return len(counts) >= 3 and 2 * sum(counts) >= 5 * len(counts)


def _between(share: int, *, zero: int, full: int) -> int:
    """Return 0 at `zero`, 1000 at `full` and beyond, straight between them, rounded down."""
    reached = (share - zero) * 1000 // (full - zero) if full > zero else (zero - share) * 1000 // (zero - full)
    return min(1000, max(0, reached))


def _distinct_per_mille(words: tuple[str, ...]) -> int:
    """Return distinct words per 50, over whole blocks of 50 (a shorter text is one block); 0 of no words."""
    blocks = [words[start : start + 50] for start in range(0, len(words) - 49, 50)] or [words]
    return 1000 * sum(len(set(block)) for block in blocks) // max(1, sum(map(len, blocks)))


def _runs(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [words[start : start + _RUN] for start in range(len(words) - _RUN + 1)]


def _repeated_per_mille(words: tuple[str, ...]) -> int:
    runs = _runs(words)
    return 1000 * (len(runs) - len(set(runs))) // max(1, len(runs))


def _copied_per_mille(words: tuple[str, ...], others: Sequence[str]) -> int:
    known = {run for other in others for run in _runs(words_of(other))}
    covered = {start + step for start, run in enumerate(_runs(words)) if run in known for step in range(_RUN)}
    return 1000 * len(covered) // max(1, len(words))


def _depth(quality: int) -> Depth:
    if quality == 0:
        return "none"
    return "slight" if quality < 250 else "some" if quality < 500 else "deep"


def _reasons(
    points: Mapping[str, int], fed: Mapping[str, int], shares: Mapping[str, int], multipliers: Mapping[str, int],
    words: int, *, capped: bool,
) -> tuple[str, ...]:  # fmt: skip
    """Return one line per kind, for length, and for each multiplier that took something off."""
    lines = [f"{kind} {points[kind]} of {POINTS[kind]} ({fed[kind]} of 2 sentences)" for kind in POINTS]
    lines.append(f"length {points['length']} of {_LENGTH_POINTS} ({words} words)")
    said = {
        "variety": "distinct words per 50 are {} %, full from 45 %",
        "ownWords": "{} % of five-word runs repeat the text itself, free up to 15 %",
        "plainSpeech": "function words are {} %, usual are 25 to 70 %",
        "originality": "{} % is copied from source, prompt or own other reflections, free up to 15 %",
    }
    lines += [
        f"times {multipliers[name] / 1000:.3f}: {line.format(shares[name] // 10)}"
        for name, line in said.items()
        if multipliers[name] < 1000
    ]
    if capped:
        lines.append(f"at most {STUFFED_CAP}: sentences show 2.5 kinds or more each, which reads like a recipe for points")
    return tuple(lines)
