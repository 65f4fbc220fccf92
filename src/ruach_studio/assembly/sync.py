"""Turn the sound of several cameras into their places on one timeline: offset, drift, confidence and the reasons.

`master_s = offset_s + local_s * (1 + drift_ppm * 1e-6)`, the master camera's first clip at 0; positive = started later.
Every clip is located by itself (recorders split files). A clip that shares no sound with the master is tried against the
clips already placed, and placed through them. What cannot be matched gets confidence 0, never an exception.
Classes: looks-good from 0.8, review-suggested from 0.5, else needs-manual-nudge.

sync_pair.py measures one pair; energy.py uses the placements; edl.py records them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ruach_studio.assembly.digest import AudioDigest
from ruach_studio.assembly.session import BadSession
from ruach_studio.assembly.sync_pair import PairMatch, Track, match
from ruach_studio.assembly.sync_step import Step
from ruach_studio.kernel.timebase import clock_text

SYNC_RULES = "sync-v1"
LOOKS_GOOD = 0.8
REVIEW_SUGGESTED = 0.5
LEAST_GUESS = 0.2  # below this a guess helps nobody: the clip is reported as unmatched
FAR_OFFSET_S = 60.0
JOIN_CONFIDENCE = 0.5

Classification = Literal["looks-good", "review-suggested", "needs-manual-nudge"]
ClipKey = tuple[str, int]

__all__ = ["Classification", "PairMatch", "Placement", "Step", "SyncSolution", "align", "classify", "locate"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one clip lies: `master_s = offset_s + local_s * (1 + drift_ppm * 1e-6)`."""

    camera_id: str
    clip_index: int
    offset_s: float
    drift_ppm: float
    confidence: float
    classification: Classification
    residual_ms: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncSolution:
    """Every clip's placement in the order of the cameras; the master's first clip is at 0 without drift."""

    master: str
    placements: tuple[Placement, ...]
    sync_rules: str = SYNC_RULES

    def of(self, camera_id: str) -> tuple[Placement, ...]:
        """Return the placements of one camera in the order of its clips."""
        return tuple(p for p in self.placements if p.camera_id == camera_id)


def classify(confidence: float) -> Classification:
    """Return the class of a confidence (0 to 1)."""
    if confidence >= LOOKS_GOOD:
        return "looks-good"
    return "review-suggested" if confidence >= REVIEW_SUGGESTED else "needs-manual-nudge"


def locate(query: AudioDigest, reference: AudioDigest) -> PairMatch:
    """Return where `query` lies on `reference`: `reference_s = offset_s + query_s * (1 + drift_ppm * 1e-6)`.

    `locate(a, b)` and `locate(b, a)` are exact inverses. No common sound: confidence 0.
    """
    return match(Track.of(query), Track.of(reference))


def align(tracks: Mapping[str, Sequence[AudioDigest]], master: str) -> SyncSolution:
    """Place every clip of every camera in `tracks` on the time of `master`.

    Raises BadSession when `master` is not among the cameras or has no clip.
    """
    if not tracks.get(master):
        raise BadSession("the master camera has no sound to align to", subject=master, remedy="Choose another master camera")
    board = _Board({(c, i): Track.of(d) for c, digests in tracks.items() for i, d in enumerate(digests)})
    board.put((master, 0), Placement(master, 0, 0.0, 0.0, 1.0, "looks-good", 0.0, ("the master camera starts at 0",)))
    while board.pending:
        if not board.place_round():
            joined = next((key for key in board.pending if key[0] == master and (master, key[1] - 1) in board.placed), None)
            if joined is None:
                break
            board.put(joined, board.joined(joined, JOIN_CONFIDENCE))
    for key in board.pending:
        board.placed[key] = board.unmatched(key)
    order = [(camera, index) for camera, digests in tracks.items() for index in range(len(digests))]
    return SyncSolution(master, tuple(_flagged(board.placed[key]) for key in order))


@dataclass
class _Board:
    """Which clips are placed, which are not, and the best guess for each of those."""

    tracks: Mapping[ClipKey, Track]
    placed: dict[ClipKey, Placement] = field(default_factory=dict)
    guesses: dict[ClipKey, Placement] = field(default_factory=dict)
    tried: set[tuple[ClipKey, ClipKey]] = field(default_factory=set)

    @property
    def pending(self) -> list[ClipKey]:
        return [key for key in self.tracks if key not in self.placed]

    def put(self, key: ClipKey, placement: Placement) -> None:
        self.placed[key] = placement

    def place_round(self) -> bool:
        """Try every pending clip against the clips placed so far; say whether any could be placed."""
        references = sorted(self.placed, key=lambda key: -self.placed[key].confidence)
        found: dict[ClipKey, Placement] = {}
        for key in self.pending:
            for reference in references:
                if key[0] == reference[0] or (key, reference) in self.tried:
                    continue  # clips of one camera follow each other, they never overlap
                self.tried.add((key, reference))
                guess = self._through(key, reference, match(self.tracks[key], self.tracks[reference]))
                if key not in self.guesses or guess.confidence > self.guesses[key].confidence:
                    self.guesses[key] = guess
            best = self.guesses.get(key)
            if best is not None and best.confidence >= REVIEW_SUGGESTED:
                found[key] = best
        self.placed.update(found)
        return bool(found)

    def joined(self, key: ClipKey, confidence: float) -> Placement:
        """Place a clip right after the one before it: recorders split files without a gap."""
        camera, index = key
        before = self.placed[camera, index - 1]
        end_s = before.offset_s + self.tracks[camera, index - 1].digest.duration_s * (1 + before.drift_ppm * 1e-6)
        reason = f"placed right after clip {index} of {camera}: no sound in common with a placed clip"
        confidence = min(confidence, before.confidence)
        return Placement(camera, index, end_s, before.drift_ppm, confidence, classify(confidence), 0.0, (reason,))

    def unmatched(self, key: ClipKey) -> Placement:
        camera, index = key
        guess = self.guesses.get(key)
        if guess is not None and guess.confidence >= LEAST_GUESS:
            return guess
        before = self.placed.get((camera, index - 1))
        if before is not None and before.confidence >= REVIEW_SUGGESTED:
            return self.joined(key, 0.0)
        reasons = guess.reasons if guess is not None else ()
        return Placement(camera, index, 0.0, 0.0, 0.0, classify(0.0), 0.0, (*reasons, "move it by hand"))

    def _through(self, key: ClipKey, reference: ClipKey, pair: PairMatch) -> Placement:
        """Chain the pair with its reference's placement: m = o1 + (1 + d1) (o2 + (1 + d2) q)."""
        base = self.placed[reference]
        scale = 1 + base.drift_ppm * 1e-6
        drift_ppm = (scale * (1 + pair.drift_ppm * 1e-6) - 1) * 1e6 if base.drift_ppm else pair.drift_ppm
        direct = base.offset_s == 0.0 and base.drift_ppm == 0.0
        confidence = round(pair.confidence * base.confidence, 4)
        via = () if direct else (f"measured against clip {reference[1] + 1} of {reference[0]}, which is placed already",)
        return Placement(
            camera_id=key[0],
            clip_index=key[1],
            offset_s=base.offset_s + scale * pair.offset_s,
            drift_ppm=drift_ppm,
            confidence=confidence,
            classification=classify(confidence),
            residual_ms=(pair.residual_ms**2 + base.residual_ms**2) ** 0.5,
            reasons=(*pair.reasons, *via),
        )


def _flagged(placement: Placement) -> Placement:
    """Add the playbook's flag: a first clip more than 60 s away may belong to another session (it is not refused)."""
    if placement.clip_index or abs(placement.offset_s) <= FAR_OFFSET_S:
        return placement
    side = "after" if placement.offset_s > 0 else "before"
    far = clock_text(abs(placement.offset_s))
    note = f"starts {far} {side} the master, more than 60 s: check that it belongs to this session"
    return replace(placement, reasons=(*placement.reasons, note))
