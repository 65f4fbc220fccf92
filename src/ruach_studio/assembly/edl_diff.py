"""Turn two versions of an EDL into what changed between them: cuts added, removed and changed, and the rest of the list.

A cut is the same cut if it has the same id; where an id is new, a cut over the same frames is the same one (another
ruleset names its cuts anew). Of a changed cut the fields that differ are named with both values, in wire names. What an
old and a new version share is not listed. Counterpart: `edl_wire.py` gives the names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from ruach_studio.assembly.edl_model import CanonicalEDL, Cut
from ruach_studio.assembly.edl_wire import cut_to_wire, to_wire

_HEADER = (
    "status", "source", "rulesVersion", "syncVersion", "masterCamera", "durationFrames", "fps", "audio", "sources",
    "options", "transcript",
)  # fmt: skip
_TRACKS = ("overlays", "chapters", "shorts", "omitted")
_ABSENT: Mapping[str, object] = {"approved": False, "note": "", "locked": False, "pictureOffsetFrames": 0}


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs, by its wire name, with both values."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class ChangedCut:
    """A cut that is in both versions and not alike; `cut` is the newer one."""

    cut: Cut
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class EdlDiff:
    """What leads from version `from_version` to `to_version`; frames that show another camera are `changed_frames`."""

    from_version: int
    to_version: int
    added: tuple[Cut, ...]
    removed: tuple[Cut, ...]
    changed: tuple[ChangedCut, ...]
    header: tuple[Change, ...]
    changed_frames: int

    @property
    def same(self) -> bool:
        """Say whether there is no difference at all."""
        return not (self.added or self.removed or self.changed or self.header)


def diff(before: CanonicalEDL, after: CanonicalEDL) -> EdlDiff:
    """Return what changed from `before` to `after`; in the order of the programme."""
    old, new = {cut.id: cut for cut in before.program}, {cut.id: cut for cut in after.program}
    partner = {cut_id: old[cut_id] for cut_id in new if cut_id in old}
    spare = {(cut.start_frame, cut.end_frame_exclusive): cut for cut in before.program if cut.id not in new}
    for cut in after.program:
        if cut.id not in partner and (cut.start_frame, cut.end_frame_exclusive) in spare:
            partner[cut.id] = spare.pop((cut.start_frame, cut.end_frame_exclusive))
    changed = []
    for cut in after.program:
        if cut.id in partner:
            a, b = cut_to_wire(partner[cut.id], before.fps), cut_to_wire(cut, after.fps)
            changes = _changes({**_ABSENT, **a}, {**_ABSENT, **b})
            if changes:
                changed.append(ChangedCut(cut, changes))
    kept = {cut.id for cut in partner.values()}
    return EdlDiff(
        before.version,
        after.version,
        added=tuple(cut for cut in after.program if cut.id not in partner),
        removed=tuple(cut for cut in before.program if cut.id not in kept),
        changed=tuple(changed),
        header=_header(before, after),
        changed_frames=_frames_that_differ(before, after),
    )


def _header(before: CanonicalEDL, after: CanonicalEDL) -> tuple[Change, ...]:
    a, b = to_wire(before), to_wire(after)
    tracks_a, tracks_b = a["tracks"], b["tracks"]
    assert isinstance(tracks_a, dict)  # noqa: S101  (to_wire makes it)
    assert isinstance(tracks_b, dict)  # noqa: S101
    first = {**{name: a.get(name) for name in _HEADER}, **{name: tracks_a.get(name, []) for name in _TRACKS}}
    second = {**{name: b.get(name) for name in _HEADER}, **{name: tracks_b.get(name, []) for name in _TRACKS}}
    return _changes(first, second)


def _changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Change, ...]:
    names = dict.fromkeys((*before, *after))
    return tuple(Change(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name))


def _frames_that_differ(before: CanonicalEDL, after: CanonicalEDL) -> int:
    """Count the frames on which the two show different cameras; 0 to count if the rates differ."""
    if before.fps != after.fps:
        return max(before.duration_frames, after.duration_frames)
    edges = sorted({cut.start_frame for edl in (before, after) for cut in edl.program} | {before.duration_frames})
    edges = [edge for edge in edges if edge <= max(before.duration_frames, after.duration_frames)]
    total = abs(after.duration_frames - before.duration_frames)
    shown = [iter(before.program), iter(after.program)]
    now = [next(each, None) for each in shown]
    for low, high in pairwise(edges):
        for i in (0, 1):
            while (cut := now[i]) is not None and cut.end_frame_exclusive <= low:
                now[i] = next(shown[i], None)
        a, b = now
        if a is not None and b is not None and a.camera != b.camera:
            total += high - low
    return total
