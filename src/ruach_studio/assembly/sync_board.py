"""Turn tracks into measured pairs: enough to place every clip, then some more to check them by.

First every clip is matched with what is placed already, the surest first (where timecode says where to look, that place is
measured before the whole recording is searched). Then further pairs that the places say overlap are measured only where
they should fit; where one does not fit there, it is searched everywhere, and a clear find elsewhere is a contradiction that
sync_graph.py must settle. Bounded: at most two more pairs per clip, 12 at least.

Counterpart: sync_pair.py measures one pair; sync.py turns all into placements.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruach_studio.assembly.sync_graph import Edge, Solved, solve
from ruach_studio.assembly.sync_model import REVIEW_SUGGESTED, ClipKey
from ruach_studio.assembly.sync_pair import CLEAR_CONFIDENCE, PairMatch, confirm, match
from ruach_studio.assembly.sync_track import Track
from ruach_studio.kernel.each import Each

LEAST_COMMON_S = 8.0
EXTRA_PER_CLIP = 2
EXTRA_AT_LEAST = 12
JOIN_CONFIDENCE = 0.5
DAY_S = 86400.0


@dataclass
class Board:
    """The pairs measured so far, how sure each placed clip is, and the best guess for each that is not placed."""

    tracks: Mapping[ClipKey, Track]
    anchor: ClipKey
    clocks: Mapping[ClipKey, float]
    edges: list[Edge] = field(default_factory=list)
    sure: dict[ClipKey, float] = field(default_factory=dict)
    guesses: dict[ClipKey, Edge] = field(default_factory=dict)
    tried: set[tuple[ClipKey, ClipKey]] = field(default_factory=set)
    each: Each = map

    def span(self) -> None:
        """Place what can be placed: by sound, and a master's clip that nobody heard right after the one before it."""
        self.sure[self.anchor] = 1.0
        while pending := [key for key in self.tracks if key not in self.sure]:
            if self._round(pending):
                continue
            before = {key: (key[0], key[1] - 1) for key in pending if key[0] == self.anchor[0]}
            joined = next((key for key, earlier in before.items() if earlier in self.sure), None)
            if joined is None:
                return
            earlier = before[joined]
            length_s = self.tracks[earlier].digest.duration_s
            self.edges.append(Edge(joined, earlier, None, length_s, JOIN_CONFIDENCE))
            self.sure[joined] = min(JOIN_CONFIDENCE, self.sure[earlier])

    def _round(self, pending: list[ClipKey]) -> bool:
        """Try every pending clip against the clips placed so far; say whether any could be placed."""
        references = sorted(self.sure, key=lambda key: -self.sure[key])
        found: dict[ClipKey, Edge] = {}
        surest = references[0]  # whom every clip is tried with first, whatever comes of the others
        fresh = [key for key in pending if key[0] != surest[0] and (key, surest) not in self.tried]
        with_surest = dict(zip(fresh, self.each(lambda key: self.measure(key, surest), fresh), strict=True))
        for key in pending:
            for reference in references:
                if key[0] == reference[0] or (key, reference) in self.tried:
                    continue  # clips of one camera follow each other, they never overlap
                self.tried.add((key, reference))
                pair = with_surest[key] if reference == surest else self.measure(key, reference)
                edge = Edge(key, reference, pair, confidence=pair.confidence)
                best = self.guesses.get(key)
                if best is None or self._worth(edge) > self._worth(best):
                    self.guesses[key] = edge
                if self._worth(self.guesses[key]) >= CLEAR_CONFIDENCE:
                    break
            best = self.guesses.get(key)
            if best is not None and self._worth(best) >= REVIEW_SUGGESTED:
                found[key] = best
        worth = {key: self._worth(edge) for key, edge in found.items()}
        self.edges += found.values()
        self.sure.update(worth)
        return bool(found)

    def _worth(self, edge: Edge) -> float:
        return round(edge.confidence * self.sure[edge.reference], 4)

    def measure(self, query: ClipKey, reference: ClipKey) -> PairMatch:
        """Return the pair's match, first looked for where timecode says, if both clips carry one."""
        apart_s = self.apart_s(query, reference)
        if apart_s is not None:
            there = confirm(self.tracks[query], self.tracks[reference], apart_s, 0.0)
            if there is not None:
                return there
        return match(self.tracks[query], self.tracks[reference])

    def apart_s(self, query: ClipKey, reference: ClipKey) -> float | None:
        """Return by how much later the query began by timecode, within half a day; None without two timecodes."""
        if query not in self.clocks or reference not in self.clocks:
            return None
        return (self.clocks[query] - self.clocks[reference] + DAY_S / 2) % DAY_S - DAY_S / 2

    def check(self) -> Solved:
        """Measure further pairs that should overlap, and return the solution of all."""
        solved = solve(self.edges, self.anchor)
        known = {frozenset((edge.query, edge.reference)) for edge in self.edges}
        jumping = {edge.query for edge in self.edges if edge.match is not None and edge.match.steps}
        for query, reference in self._further(solved, known, jumping):
            offset_s, slope = _between(solved, query, reference)
            pair = confirm(self.tracks[query], self.tracks[reference], offset_s, slope * 1e6)
            if pair is None and (query, reference) not in self.tried and (reference, query) not in self.tried:
                pair = match(self.tracks[query], self.tracks[reference])
            if pair is not None and pair.confidence >= REVIEW_SUGGESTED and not pair.steps:
                self.edges.append(Edge(query, reference, pair, confidence=pair.confidence))
        return solve(self.edges, self.anchor)

    def _further(
        self, solved: Solved, known: set[frozenset[ClipKey]], jumping: set[ClipKey]
    ) -> list[tuple[ClipKey, ClipKey]]:
        """Return the pairs to check: each clip's longest overlap first, then each one's second, until there are enough."""
        keys = [key for key in self.tracks if key in solved.places and key not in jumping]
        partners: dict[ClipKey, list[tuple[float, ClipKey]]] = {key: [] for key in keys}
        for place, one in enumerate(keys):
            for other in keys[place + 1 :]:
                common_s = self._common_s(solved, one, other)
                if one[0] != other[0] and common_s >= LEAST_COMMON_S and frozenset((one, other)) not in known:
                    partners[one].append((common_s, other))
                    partners[other].append((common_s, one))
        for each in partners.values():
            each.sort(key=lambda item: (-item[0], item[1]))
        chosen: dict[frozenset[ClipKey], tuple[ClipKey, ClipKey]] = {}
        most = max(EXTRA_AT_LEAST, EXTRA_PER_CLIP * len(keys))
        for turn in range(max((len(each) for each in partners.values()), default=0)):
            for key in keys:
                if turn < len(partners[key]) and len(chosen) < most:
                    other = partners[key][turn][1]
                    chosen.setdefault(frozenset((key, other)), (key, other))
        return list(chosen.values())

    def _common_s(self, solved: Solved, one: ClipKey, other: ClipKey) -> float:
        begins, ends = zip(*(self.span_s(solved, key) for key in (one, other)), strict=True)
        return float(min(ends) - max(begins))

    def span_s(self, solved: Solved, key: ClipKey) -> tuple[float, float]:
        """Return a placed clip's start and end on the master's time."""
        offset_s, drift_ppm = solved.places[key]
        return offset_s, offset_s + self.tracks[key].digest.duration_s * (1 + drift_ppm * 1e-6)


def _between(solved: Solved, query: ClipKey, reference: ClipKey) -> tuple[float, float]:
    """Return where the solution puts the query on the reference: (offset in s, slope)."""
    (query_s, query_ppm), (reference_s, reference_ppm) = solved.places[query], solved.places[reference]
    scale = 1.0 + reference_ppm * 1e-6
    return (query_s - reference_s) / scale, (1.0 + query_ppm * 1e-6) / scale - 1.0
