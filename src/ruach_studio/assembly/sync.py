"""Turn the sound of several cameras into their places on one timeline: offset, drift, confidence and the reasons.

Every clip is located by itself (recorders split files); all pairs that were measured are solved together (sync_graph.py), so
a clip that shares no sound with the master is placed through others, and a pair that lies is found and named. Timecode is
looked at first and believed alone only where there is no sound to ask and no clock was found wrong (0.6, review-suggested).
What cannot be placed gets confidence 0, never an exception.

sync_board.py measures the pairs, sync_model.py holds the values; energy.py uses the placements; edl.py records them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from ruach_studio.assembly.digest import AudioDigest, in_parts
from ruach_studio.assembly.session import BadSession
from ruach_studio.assembly.sync_board import DAY_S, JOIN_CONFIDENCE, LEAST_COMMON_S, Board
from ruach_studio.assembly.sync_features import Shelf
from ruach_studio.assembly.sync_graph import INCONSISTENT_S, Edge, Solved
from ruach_studio.assembly.sync_model import (
    REVIEW_SUGGESTED,
    SYNC_RULES,
    Classification,
    ClipKey,
    PairResidual,
    Piece,
    Placement,
    SyncSolution,
    classify,
)
from ruach_studio.assembly.sync_pair import PairMatch, match
from ruach_studio.assembly.sync_step import Step, gained_s
from ruach_studio.assembly.sync_track import Track
from ruach_studio.kernel.each import Each
from ruach_studio.kernel.timebase import clock_text

LEAST_GUESS = 0.2  # below this a guess helps nobody: the clip is reported as unmatched
FAR_OFFSET_S = 60.0
DOUBTFUL_CAP = 0.6
TIMECODE_CONFIDENCE = 0.6
CONTRADICTED_TIMECODE = 0.4
HEARD_ABOVE, HEARD_MOVES = 1e-7, 4.0  # mean square; ratio
_AT_ONCE = 30_000  # five minutes of 10 ms
TIMECODE_AGREES_S = 0.1  # recorders that were set together stay within two or three frames

__all__ = [
    "SYNC_RULES", "Classification", "PairMatch", "PairResidual", "Piece", "Placement", "Step", "SyncSolution", "align",
    "classify", "locate",
]  # fmt: skip


def locate(query: AudioDigest, reference: AudioDigest) -> PairMatch:
    """Return where `query` lies on `reference`: `reference_s = offset_s + query_s * (1 + drift_ppm * 1e-6)`.

    `locate(a, b)` and `locate(b, a)` are exact inverses. No common sound: confidence 0.
    """
    return match(Track(query), Track(reference))


def align(
    tracks: Mapping[str, Sequence[AudioDigest]], master: str, timecodes: Mapping[ClipKey, float] | None = None,
    shelf: Shelf | None = None, each: Each = map,
) -> SyncSolution:  # fmt: skip
    """Place every clip of every camera in `tracks` on the time of `master`.

    `timecodes`: the time of day (s) at which a clip's local time begins. `shelf`: where band levels are kept meanwhile
    (None: in memory). `each` may measure several pairs at a time. Raises BadSession when `master` has no clip.
    """
    if not tracks.get(master):
        raise BadSession("the master camera has no sound to align to", subject=master, remedy="Choose another master camera")
    clips = {(c, i): Track(d, shelf) for c, digests in tracks.items() for i, d in enumerate(digests)}
    board = Board(clips, (master, 0), timecodes or {}, each=each)
    board.span()
    solved = board.check()
    clock = _clock(board, solved)
    sure = _sureness(board, solved)
    placed = {key: _placed(board, solved, key, sure, clock) for key in board.tracks if key in solved.places}
    for key in board.tracks:
        if key not in placed:
            placed[key] = _unplaced(board, key, placed, clock)
    order = [(camera, index) for camera, digests in tracks.items() for index in range(len(digests))]
    return SyncSolution(master, tuple(_flagged(placed[key]) for key in order), pairs=_pairs(board, solved))


@dataclass(frozen=True, slots=True)
class _Clock:
    """What timecode the master's 0 has (None: unknown), and the clips whose own timecode says otherwise."""

    zero_s: float | None
    wrong: frozenset[ClipKey]

    def offset_s(self, board: Board, key: ClipKey) -> float | None:
        """Return where a clip lies by its timecode; None without one."""
        if self.zero_s is None or key not in board.clocks:
            return None
        return (board.clocks[key] - self.zero_s + DAY_S / 2) % DAY_S - DAY_S / 2


def _clock(board: Board, solved: Solved) -> _Clock:
    """Ask every clip that sound has placed when the master began; the middle answer counts."""
    by_sound = [key for key in solved.places if key in board.clocks]
    if not by_sound:
        return _Clock(None, frozenset())
    first = board.clocks[by_sound[0]] - solved.places[by_sound[0]][0]
    zeros = {key: (board.clocks[key] - solved.places[key][0] - first + DAY_S / 2) % DAY_S - DAY_S / 2 for key in by_sound}
    zero_s = median(sorted(zeros.values())) if board.anchor not in zeros or len(zeros) > 2 else zeros[board.anchor]
    wrong = frozenset(key for key, each in zeros.items() if abs(each - zero_s) > TIMECODE_AGREES_S)
    return _Clock((zero_s + first) % DAY_S, wrong)


def _sureness(board: Board, solved: Solved) -> dict[ClipKey, tuple[float, Edge | None]]:
    """Return per clip the best product of confidences on a way to the master, and the last pair of that way."""
    sure: dict[ClipKey, tuple[float, Edge | None]] = {board.anchor: (1.0, None)}
    used = [edge for index, edge in enumerate(board.edges) if index not in solved.left_out]
    for _ in solved.places:
        for edge in used:
            for here, there in ((edge.reference, edge.query), (edge.query, edge.reference)):
                if here in sure:
                    value = min(JOIN_CONFIDENCE, sure[here][0]) if edge.match is None else edge.confidence * sure[here][0]
                    if value > sure.get(there, (0.0, None))[0] + 1e-9:
                        sure[there] = (round(value, 4), edge)
    return sure


def _placed(
    board: Board, solved: Solved, key: ClipKey, sure: Mapping[ClipKey, tuple[float, Edge | None]], clock: _Clock
) -> Placement:  # fmt: skip
    if key == board.anchor:
        return Placement(*key, 0.0, 0.0, 1.0, "looks-good", 0.0, ("the master camera starts at 0",))
    (offset_s, drift_ppm), (confidence, edge) = solved.places[key], sure[key]
    if edge is None or edge.match is None:
        return _following(board, key, offset_s, drift_ppm, confidence)
    other = edge.reference if edge.query == key else edge.query
    pair = edge.match
    reasons = list(pair.reasons) if edge.query == key else [
        f"{pair.anchors} anchors agree within {max(pair.residual_ms, 0.1):.1f} ms with clip {other[1] + 1} of {other[0]}"
    ]  # fmt: skip
    if other != board.anchor and edge.query == key:
        reasons.append(f"measured against clip {other[1] + 1} of {other[0]}, which is placed already")
    own = [(i, e) for i, e in enumerate(board.edges) if key in (e.query, e.reference) and e.match is not None]
    agreeing = [abs(solved.residuals_s[i]) for i, _ in own if i not in solved.left_out]
    if len(agreeing) > 1:
        reasons.append(f"{len(agreeing)} pairs agree within {max(max(agreeing) * 1e3, 0.1):.1f} ms")
    for index, lying in own:
        if index in solved.left_out:
            against = lying.reference if lying.query == key else lying.query
            reasons.append(f"the pair with clip {against[1] + 1} of {against[0]} is left out: {solved.left_out[index]}")
    if key in solved.doubtful:
        confidence = min(confidence, DOUBTFUL_CAP)
        reasons.append("which of the contradicting pairs is wrong cannot be told: look at it")
    reasons += _timecode_reason(board, clock, key, offset_s)
    pieces: tuple[Piece, ...] = ()
    if pair.steps and edge.query == key:
        starts = [0.0, *(step.at_s for step in pair.steps)]
        pieces = tuple(Piece(at, offset_s + gained_s(pair.steps, pair.base_s, at)) for at in starts)
    residual_ms = (pair.residual_ms**2 + max(agreeing, default=0.0) ** 2 * 1e6) ** 0.5
    return Placement(*key, offset_s, drift_ppm, confidence, classify(confidence), residual_ms, tuple(reasons), pieces=pieces)


def _timecode_reason(board: Board, clock: _Clock, key: ClipKey, offset_s: float) -> list[str]:
    by_timecode_s = clock.offset_s(board, key)
    if by_timecode_s is None:
        return []
    off_s = by_timecode_s - offset_s
    if abs(off_s) <= TIMECODE_AGREES_S:
        return [f"timecode agrees within {max(abs(off_s) * 1e3, 1.0):.0f} ms"]
    return [
        f"timecode says {abs(off_s):.1f} s {'later' if off_s > 0 else 'earlier'}: that clock was not set with the others"
    ]


def _following(board: Board, key: ClipKey, offset_s: float, drift_ppm: float, confidence: float) -> Placement:
    """Return a clip that is placed right after the one before it: recorders split files without a gap."""
    reason = f"placed right after clip {key[1]} of {key[0]}: no sound in common with a placed clip"
    return Placement(*key, offset_s, drift_ppm, confidence, classify(confidence), 0.0, (reason,), "following")


def _unplaced(board: Board, key: ClipKey, placed: Mapping[ClipKey, Placement], clock: _Clock) -> Placement:
    """Place by timecode what sound could not place; else show the best guess there is, with the class that says so."""
    guess = board.guesses.get(key)
    why = guess.match.reasons if guess is not None and guess.match is not None else ()
    if not len(board.tracks[key].digest.pcm8k):
        why = ("the clip has no sound",)
    by_timecode_s = clock.offset_s(board, key)
    if by_timecode_s is not None and not clock.wrong:
        sure, text = TIMECODE_CONFIDENCE, "placed by timecode alone: check it by the picture"
        if _can_be_heard(board.tracks[key].digest) and _meets(board, key, by_timecode_s, placed):
            sure, text = CONTRADICTED_TIMECODE, "timecode puts it here, but its sound matches nothing that was recorded then"
        return Placement(*key, by_timecode_s, 0.0, sure, classify(sure), 0.0, (text, *why), "timecode")
    if by_timecode_s is not None:
        names = ", ".join(sorted({name for name, _ in clock.wrong}))
        why = (*why, f"timecode is not believed: sound shows the clock of {names} to be wrong")
    if guess is not None and guess.match is not None and guess.confidence >= LEAST_GUESS and guess.reference in placed:
        base, pair = placed[guess.reference], guess.match
        offset_s = base.offset_s + (1 + base.drift_ppm * 1e-6) * pair.offset_s
        confidence = round(guess.confidence * base.confidence, 4)
        return Placement(*key, offset_s, base.drift_ppm + pair.drift_ppm, confidence, classify(confidence),
                         pair.residual_ms, (*why, "move it by hand"))  # fmt: skip
    before = placed.get((key[0], key[1] - 1))
    if before is not None and before.confidence >= REVIEW_SUGGESTED:
        length_s = board.tracks[key[0], key[1] - 1].digest.duration_s
        return _following(board, key, before.offset_s + length_s * (1 + before.drift_ppm * 1e-6), before.drift_ppm, 0.0)
    return Placement(*key, 0.0, 0.0, 0.0, classify(0.0), 0.0, (*why, "move it by hand"), "nothing")


def _can_be_heard(digest: AudioDigest) -> bool:
    """Say whether there is more than silence or hiss: a level that moves by 6 dB, above -70 dBFS."""
    if not len(digest.pcm8k) or len(digest.power10ms) < 10:
        return False
    parts = [np.nan_to_num(part[: len(part) // 10 * 10].mean(axis=1)) for part in in_parts(digest.power10ms, _AT_ONCE)]
    power = np.concatenate([part.reshape(-1, 10).mean(axis=1) for part in parts])
    low, high = np.percentile(power, [5, 95])
    return bool(high > HEARD_ABOVE and high > HEARD_MOVES * low)


def _meets(board: Board, key: ClipKey, offset_s: float, placed: Mapping[ClipKey, Placement]) -> bool:
    """Say whether a clip at `offset_s` has enough time in common with one that sound has placed, to be matched with it."""
    end_s = offset_s + board.tracks[key].digest.duration_s
    for other, there in placed.items():
        other_end_s = there.offset_s + board.tracks[other].digest.duration_s
        common_s = min(end_s, other_end_s) - max(offset_s, there.offset_s)
        if other[0] != key[0] and there.placed_by == "sound" and common_s >= LEAST_COMMON_S:
            return True
    return False


def _pairs(board: Board, solved: Solved) -> tuple[PairResidual, ...]:
    """Return every measured pair with its residual; one that stays aside although it counts says so."""
    found = []
    for index, edge in enumerate(board.edges):
        if edge.match is not None:
            off_s = solved.residuals_s[index]
            aside = "it disagrees with the others" if abs(off_s) > INCONSISTENT_S else ""
            found.append(PairResidual(
                edge.query, edge.reference, edge.match.offset_s, edge.match.drift_ppm, edge.confidence, off_s * 1e3,
                index not in solved.left_out, solved.left_out.get(index, aside),
            ))  # fmt: skip
    return tuple(found)


def _flagged(placement: Placement) -> Placement:
    """Add the playbook's flag: a first clip more than 60 s away may belong to another session (it is not refused)."""
    if placement.clip_index or abs(placement.offset_s) <= FAR_OFFSET_S:
        return placement
    side = "after" if placement.offset_s > 0 else "before"
    far = clock_text(abs(placement.offset_s))
    note = f"starts {far} {side} the master, more than 60 s: check that it belongs to this session"
    return replace(placement, reasons=(*placement.reasons, note))
