"""What an editing program sent back, in the programme's frames: shots with cameras, chapters, and what was left aside.

The readers (`read_fcpxml.py`, `read_otio.py`, `read_cmx3600.py`) make it; `imports.py` turns it into a version.
"""

from dataclasses import dataclass

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.exchange.pieces import file_name
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.timebase import clock_text

SLIP_MAX_FRAMES = 1  # both sides round to a frame


class BadReturn(BadInput):
    """This file cannot be taken back."""

    code = "bad_import"


@dataclass(frozen=True, slots=True)
class Shot:
    """One stretch of picture. `camera` is None where the file shows black; `hint` is the cut's id, where it carries one."""

    start_frame: int
    end_frame_exclusive: int
    camera: str | None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter mark on a frame of the programme."""

    frame: int
    title: str


@dataclass(frozen=True, slots=True)
class Returned:
    """All that was read. `chapters` is None where the file says nothing of them; `notices` name what was left aside."""

    shots: tuple[Shot, ...]
    chapters: tuple[Chapter, ...] | None = None
    notices: tuple[str, ...] = ()


def at(edl: CanonicalEDL, frame: int) -> str:
    """Return a frame as a person reads it: '14:32.1'."""
    return clock_text(round(float(edl.fps.seconds(max(0, frame))), 1))


def check_rate(edl: CanonicalEDL, found: object) -> None:
    """Raise BadReturn if the file's frame rate is not the programme's."""
    if str(found) != str(edl.fps):
        raise BadReturn(
            f"its sequence runs at {found} frames per second, the programme at {edl.fps}", subject="file",
            remedy="Edit and export it at the programme's rate.",
        )  # fmt: skip


def check_slip(edl: CanonicalEDL, camera: str, start_frame: int, off_frames: int) -> None:
    """Raise BadReturn if a shot shows its camera `off_frames` later than sync has it."""
    if abs(off_frames) > SLIP_MAX_FRAMES:
        raise BadReturn(
            f"the shot at {at(edl, start_frame)} shows Camera {camera} {abs(off_frames)} frames "
            f"{'late' if off_frames > 0 else 'early'}: it was slipped, or something before it was taken out or put in",
            subject="file",
            remedy="Cuts may move and change their camera; sync and length have to stay. Undo the ripple edit.",
        )  # fmt: skip


def camera_of_path(edl: CanonicalEDL, path: str) -> tuple[str, int] | None:
    """Return (camera, number of its clip) of a file: the same path, or else the one clip with the same file name."""
    clips = [(name, i, clip.path) for name, source in edl.sources.items() for i, clip in enumerate(source.clips)]
    for same in (lambda known: known == path, lambda known: file_name(known) == file_name(path)):
        found = [(name, index) for name, index, known in clips if same(known)]
        if len(found) == 1:
            return found[0]
    return None


def unknown(edl: CanonicalEDL, what: str, known: str = "") -> BadReturn:
    """Return the refusal of a reel, an angle or a file that belongs to no camera."""
    return BadReturn(
        f"{what} belongs to no camera of this session", subject="file",
        remedy=f"Use what was exported: {known or ', '.join(name for name in edl.sources if edl.can_show(name))}.",
    )  # fmt: skip
