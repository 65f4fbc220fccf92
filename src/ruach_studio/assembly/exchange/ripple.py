"""Turn shots of a sequence that leaves stretches out back into shots of the whole programme.

A sequence shows only what the EDL keeps; in the programme the left-out frames belong to somebody as well. Rule: a shot that
runs over a seam takes them; else the shot before takes them up to where the old cuts changed in there, the shot behind from
there on (without such a change: the shot before takes all), and old cuts that lie wholly in there come back as they were. So
what nobody touched comes back the same to the frame. Counterpart: `pieces.py` leaves them out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.exchange.returned import Shot


def in_programme(base: CanonicalEDL, shots: Sequence[Shot]) -> list[Shot]:
    """Return gap-free `shots` of the sequence as gap-free shots of the programme; parts over a seam stay apart."""
    if not base.omitted:
        return list(shots)
    found: list[Shot] = []
    last = -1
    for number, shot in _runs(base, shots):
        at = found[-1].end_frame_exclusive if found else 0
        if at < shot.start_frame:
            edges = [] if number == last else _changes(base, at, shot.start_frame)
            _take(found, edges[0] if edges else shot.start_frame if found else 0)
            found += _whole_cuts(base, edges)
            shot = replace(shot, start_frame=edges[-1] if edges else found[-1].end_frame_exclusive if found else 0)
        found.append(shot)
        last = number
    if found and found[-1].end_frame_exclusive < base.duration_frames:
        edges = [*_changes(base, found[-1].end_frame_exclusive, base.duration_frames), base.duration_frames]
        _take(found, edges[0])
        found += _whole_cuts(base, edges)
    return found


def _runs(base: CanonicalEDL, shots: Sequence[Shot]) -> Iterator[tuple[int, Shot]]:
    """Yield (number of the shot, its part) for each stretch that is kept, in frames of the programme."""
    kept = base.kept
    for number, shot in enumerate(shots):
        for (low, high), first in zip(kept.stretches, kept.first, strict=True):
            start, end = max(first, shot.start_frame), min(first + high - low, shot.end_frame_exclusive)
            if start < end:
                yield number, replace(shot, start_frame=low + start - first, end_frame_exclusive=low + end - first)


def _changes(base: CanonicalEDL, low: int, high: int) -> list[int]:
    """Return where old cuts begin from `low` to `high`, both included (a cut that begins with the programme counts)."""
    return [cut.start_frame for cut in base.program if low <= cut.start_frame <= high]


def _take(found: list[Shot], end_frame: int) -> None:
    if found:
        found[-1] = replace(found[-1], end_frame_exclusive=end_frame)


def _whole_cuts(base: CanonicalEDL, edges: Sequence[int]) -> list[Shot]:
    """Return the old cuts from the first to the last of `edges`."""
    if not edges:
        return []
    return [
        Shot(cut.start_frame, cut.end_frame_exclusive, cut.camera, cut.id)
        for cut in base.program
        if edges[0] <= cut.start_frame and cut.end_frame_exclusive <= edges[-1]
    ]
