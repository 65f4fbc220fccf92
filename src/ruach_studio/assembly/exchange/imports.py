"""Turn what an editing program sent back, and the EDL that it was exported from, into the EDL's next version.

Rule: the shots have to cover the programme from its first frame to its last without gap or overlap, on cameras with picture
that were recording. Parts of one shot that lie in two files are one cut again. A cut that came back as it was keeps
everything. Another one takes the id of the old cut of which it holds the most frames (of the same camera, if one of those is
left; each id once), the reason "operator" and confidence 1, and a sentence first that says what changed ("came back from
FCPXML: starts +12 frames later"), above what the rule had said. Approval of a changed cut is taken back, as is that of the
EDL. Black is taken for the camera that the old cut shows there, if that camera was off; else it is refused.
The counterpart of the writers; `usecases/import_edl.py` saves it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ruach_studio.assembly.angles_shot import named
from ruach_studio.assembly.edl import CanonicalEDL, Cut, Origin, next_state, validate_edl
from ruach_studio.assembly.exchange.pieces import Piece, recorded
from ruach_studio.assembly.exchange.returned import BadReturn, Returned, Shot, at
from ruach_studio.assembly.exchange.returned_chapters import chapters_of
from ruach_studio.assembly.exchange.ripple import in_programme
from ruach_studio.kernel.hashing import uuid5


@dataclass(frozen=True, slots=True)
class Imported:
    """The next version (or the old one, if nothing changed), the ids of new and changed cuts, and what was left aside."""

    edl: CanonicalEDL
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    notices: tuple[str, ...]
    chapters_changed: bool = False

    @property
    def same(self) -> bool:
        """Say whether the file showed just what the EDL shows."""
        return not (self.changed or self.removed or self.chapters_changed)


def take_back(base: CanonicalEDL, returned: Returned, *, title: str, version: int) -> Imported:
    """Return version `version`, the child of `base`, with the cuts of `returned`; `title` is the format's name for people.

    Raises BadReturn (422) naming the shot and the remedy, EdlIsLocked (409).
    """
    status = next_state(base.status, "edit")
    shots = _joined(base, _filled(base, in_programme(base, _gap_free(base, returned.shots))))
    program = _cuts(base, shots, title)
    chapters, moved = chapters_of(base, returned.chapters)
    old = {cut.id: cut for cut in base.program}
    changed = tuple(cut.id for cut in program if old.get(cut.id) != cut)
    _refuse_locked(base, program)
    removed = tuple(sorted(old.keys() - {cut.id for cut in program}, key=lambda each: old[each].start_frame))
    if not (changed or removed or moved):
        return Imported(base, (), (), returned.notices)
    edl = replace(
        base, program=tuple(program), chapters=chapters, status=status, version=version, parent_version=base.version,
        source=_origin(base, program),
    )  # fmt: skip
    if errors := validate_edl(edl).errors:
        raise BadReturn(errors[0].message, subject="file", remedy="Correct it in the editing program and export it again.")
    return Imported(edl, changed, removed, returned.notices, moved)


def _gap_free(base: CanonicalEDL, shots: Sequence[Shot]) -> list[Shot]:
    """Return the shots in order. Raises BadReturn for a gap, an overlap, or another length than the programme's."""
    ordered = sorted((shot for shot in shots if shot.end_frame_exclusive > shot.start_frame), key=lambda s: s.start_frame)
    if not ordered:
        raise BadReturn("it shows nothing", subject="file", remedy="Export the sequence with its cuts.")
    for before, after in pairwise(ordered):
        by = after.start_frame - before.end_frame_exclusive
        if by:
            raise BadReturn(
                f"{by} frames before the shot at {at(base, after.start_frame)} show nothing" if by > 0 else
                f"the shot at {at(base, after.start_frame)} starts {-by} frames before the one before it ends",
                subject="file", remedy="Close the gap." if by > 0 else "Let the shots abut on one track.",
            )  # fmt: skip
    first, last = ordered[0].start_frame, ordered[-1].end_frame_exclusive
    lasts = base.kept.frames
    if first or last != lasts:
        fact = f"its first shot starts at frame {first}, not 0" if first else (
            f"it lasts {last} frames, the programme {lasts}"
        )  # fmt: skip
        raise BadReturn(
            fact, subject="file", remedy="Keep the programme's start and length; only cuts inside it can change."
        )
    return ordered


def _filled(base: CanonicalEDL, shots: list[Shot]) -> list[Shot]:
    """Give black the camera that is off there: the old cut's, else that of the shot before or behind it."""
    filled = []
    starts = [cut.start_frame for cut in base.program]
    for index, shot in enumerate(shots):
        if shot.camera is None:
            near = [cut.camera for cut in base.program if cut.start_frame <= shot.start_frame < cut.end_frame_exclusive]
            near += [each.camera for each in shots[index + 1 : index + 2] + shots[max(0, index - 1) : index] if each.camera]
            off = next((camera for camera in near if _is_off_where_shown(base, camera, shot)), None)
            if off is None:
                raise BadReturn(
                    f"the shot at {at(base, shot.start_frame)} is black", subject="file", remedy="Show a camera there.",
                )  # fmt: skip
            filled.append(replace(shot, camera=off))
            continue
        if not base.can_show(shot.camera):
            raise BadReturn(f"the shot at {at(base, shot.start_frame)} shows {named(shot.camera)}, which has no picture",
                            subject="file", remedy="Show a camera there.")  # fmt: skip
        old = base.program[bisect_right(starts, shot.start_frame) - 1]
        same = old.camera == shot.camera and shot.end_frame_exclusive <= old.end_frame_exclusive  # or a part over a seam
        if not same and _is_off(base, shot.camera, shot):
            raise BadReturn(
                f"{named(shot.camera)} was not recording from {at(base, shot.start_frame)} to "
                f"{at(base, shot.end_frame_exclusive)}", subject="file", remedy="Choose a camera that was.",
            )  # fmt: skip
        filled.append(shot)
    return filled


def _joined(base: CanonicalEDL, shots: list[Shot]) -> list[Shot]:
    """Make one shot of parts that were apart only because a file ends there."""
    starts = {cut.start_frame for cut in base.program}
    seams = {high for _, high in base.kept.stretches} | {low for low, _ in base.kept.stretches}
    joined: list[Shot] = []
    for shot in shots:
        last = joined[-1] if joined else None
        if last is not None and last.camera == shot.camera and _is_seam(base, last, shot, starts, seams):
            joined[-1] = replace(last, end_frame_exclusive=shot.end_frame_exclusive)
        else:
            joined.append(shot)
    return joined


def _is_seam(base: CanonicalEDL, before: Shot, after: Shot, starts: set[int], seams: set[int]) -> bool:
    if after.camera is None or (before.hint and after.hint and before.hint != after.hint):
        return False
    if after.start_frame in starts and not (before.hint and after.hint):  # ripple.py names cuts where the file names none
        return False
    if after.start_frame in seams:
        return True
    around = replace(before, end_frame_exclusive=after.end_frame_exclusive)
    return after.start_frame in {piece.start_frame for piece in _pieces(base, after.camera, around)}


def _cuts(base: CanonicalEDL, shots: list[Shot], title: str) -> list[Cut]:
    old = _partners(base, shots)
    taken = {cut.id for cut in base.program}
    cuts = []
    for shot, cut in zip(shots, old, strict=True):
        camera = shot.camera or ""
        if cut is None:
            said = f"came back from {title}: a new cut to {named(camera)} at {at(base, shot.start_frame)}"
            fresh = _fresh(base, shot.start_frame, taken)
            cuts.append(Cut(fresh, shot.start_frame, shot.end_frame_exclusive, camera, "operator", 1.0, (said,)))
            continue
        told = list(_told(cut, shot, camera))
        if not told:
            cuts.append(cut)
            continue
        said = f"came back from {title}: {', '.join(told)}"
        cuts.append(
            replace(cut, start_frame=shot.start_frame, end_frame_exclusive=shot.end_frame_exclusive, camera=camera,
                    reason="operator", confidence=1.0, reasons=(said, *cut.reasons), approved=False,
                    picture_offset_frames=_offset(cut, shot))
        )  # fmt: skip
    return cuts


def _offset(cut: Cut, shot: Shot) -> int:
    """Return the picture's lead or lag on its sound; none if its sound would now begin outside the shot, or before all."""
    sound = shot.start_frame - cut.picture_offset_frames
    return cut.picture_offset_frames if shot.start_frame and 0 <= sound < shot.end_frame_exclusive else 0


def _refuse_locked(base: CanonicalEDL, program: list[Cut]) -> None:
    """Raise BadReturn if a cut that the operator locked came back with other times or another camera, or not at all."""
    there = {cut.id: cut for cut in program}
    for cut in base.program:
        if cut.locked and there.get(cut.id) != cut:
            raise BadReturn(
                f"the cut to {named(cut.camera)} at {at(base, cut.start_frame)} is locked, but came back changed or not",
                subject=cut.id, remedy="Unlock it here first, or put it back in the editing program.",
            )  # fmt: skip


def _told(cut: Cut, shot: Shot, camera: str) -> list[str]:
    start, end = shot.start_frame - cut.start_frame, shot.end_frame_exclusive - cut.end_frame_exclusive
    told = [f"{named(camera)} instead of {named(cut.camera)}"] if camera != cut.camera else []
    if start and start == end:
        return [*told, f"moved by {start:+d} frames"]
    told += [f"start moved by {start:+d} frames"] if start else []
    return told + ([f"end moved by {end:+d} frames"] if end else [])


def _partners(base: CanonicalEDL, shots: list[Shot]) -> list[Cut | None]:
    """Return, a shot each, the old cut that it goes on from: the best pairs first, each cut and each shot once."""
    pairs = []
    low = 0
    for index, shot in enumerate(shots):
        while low < len(base.program) and base.program[low].end_frame_exclusive <= shot.start_frame:
            low += 1
        for number in range(low, len(base.program)):
            cut = base.program[number]
            if cut.start_frame >= shot.end_frame_exclusive:
                break
            shared = min(cut.end_frame_exclusive, shot.end_frame_exclusive) - max(cut.start_frame, shot.start_frame)
            same = cut.camera == shot.camera
            pairs.append((not same, -shared, abs(cut.start_frame - shot.start_frame), index, number))
    partners: list[Cut | None] = [None] * len(shots)
    used: set[int] = set()
    for _, _, _, index, number in sorted(pairs):
        if partners[index] is None and number not in used:
            partners[index] = base.program[number]
            used.add(number)
    return partners


def _is_off_where_shown(base: CanonicalEDL, camera: str, shot: Shot) -> bool:
    """Say whether a camera has no picture in any part of the shot that is shown: what is left out was black to nobody."""
    parts = [part[:2] for part in base.kept.parts(shot.start_frame, shot.end_frame_exclusive)]
    return all(_is_off(base, camera, replace(shot, start_frame=a, end_frame_exclusive=b)) for a, b in parts)


def _is_off(base: CanonicalEDL, camera: str, shot: Shot) -> bool:
    return base.can_show(camera) and all(piece.clip is None for piece in _pieces(base, camera, shot))


def _pieces(base: CanonicalEDL, camera: str, shot: Shot) -> tuple[Piece, ...]:
    return recorded(base, camera, shot.start_frame, shot.end_frame_exclusive)


def _fresh(base: CanonicalEDL, start_frame: int, taken: set[str]) -> str:
    fresh, count = uuid5(f"{base.session_id}:import:{start_frame}"), 1
    while fresh in taken:
        count += 1
        fresh = uuid5(f"{base.session_id}:import:{start_frame}:{count}")
    taken.add(fresh)
    return fresh


def _origin(base: CanonicalEDL, program: list[Cut]) -> Origin:
    return "operator" if base.source == "operator" or all(cut.reason == "operator" for cut in program) else "hybrid"
