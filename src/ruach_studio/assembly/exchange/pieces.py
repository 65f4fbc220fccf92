"""Turn a stretch of the programme into the stretches of files that make it up, and say what whole frames cost.

A camera is a list of clips: one shot may begin in one file and end in the next, or run over a hole between them. Formats
that name files instead of angles are written from these pieces.
"""

from dataclasses import dataclass
from fractions import Fraction

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource
from ruach_studio.kernel.timebase import FrameRate, round_half_up

LOSS_MIN_MS = 0.5


@dataclass(frozen=True, slots=True)
class Piece:
    """Programme frames `start_frame` to `end_frame_exclusive` of one camera, in its clip number `index` (from 0).

    `clip` is None where the camera was not recording. `local_frame`: the first frame's place in the file, counted in
    frames of the programme, from the file's beginning.
    """

    start_frame: int
    end_frame_exclusive: int
    camera: str
    index: int
    clip: ClipSource | None
    local_frame: int

    @property
    def frames(self) -> int:
        """Return the length in frames."""
        return self.end_frame_exclusive - self.start_frame


def pieces_of(edl: CanonicalEDL, camera: str, start_frame: int, end_frame_exclusive: int) -> tuple[Piece, ...]:
    """Return what `camera` shows from `start_frame` on, in order and without a hole."""
    rate, at, found = edl.fps, start_frame, list[Piece]()
    clips = sorted(enumerate(edl.sources[camera].clips), key=lambda each: each[1].offset_ms)
    for index, clip in clips:
        low = max(at, rate.frame_at_ms(clip.offset_ms))
        high = min(end_frame_exclusive, rate.frame_at_ms(clip.end_ms))
        if high <= low:
            continue
        if low > at:
            found.append(Piece(at, low, camera, -1, None, 0))
        found.append(Piece(low, high, camera, index, clip, local_frame(clip, rate, low)))
        at = high
    if at < end_frame_exclusive:
        found.append(Piece(at, end_frame_exclusive, camera, -1, None, 0))
    return tuple(found)


def local_frame(clip: ClipSource, rate: FrameRate, frame: int) -> int:
    """Return where the programme's `frame` lies in the clip: local = (master - offset) / (1 + drift), in whole frames."""
    since_s = rate.seconds(frame) - Fraction(clip.offset_ms) / 1000
    return max(0, round_half_up(since_s / (1 + Fraction(clip.drift_ppm) / 1_000_000) * rate.value))


def one_hour(rate: FrameRate) -> int:
    """Return the frame that counts as 01:00:00:00; drop-frame skips two (four) numbers a minute, but every tenth."""
    return 3600 * rate.nominal - (54 * rate.nominal // 15 if rate.drop_frame else 0)


def programme(edl: CanonicalEDL) -> list[Piece]:
    """Return the pieces of every cut, in order."""
    return [piece for cut in edl.program for piece in pieces_of(edl, cut.camera, cut.start_frame, cut.end_frame_exclusive)]


def whole(edl: CanonicalEDL, camera: str) -> list[Piece]:
    """Return what `camera` recorded from the programme's first frame to its last."""
    return list(pieces_of(edl, camera, 0, edl.duration_frames))


def sync_losses(edl: CanonicalEDL) -> list[str]:
    """Return what is lost where every clip lies on whole frames: by how much each one's sync is rounded."""
    losses = []
    for name, source in edl.sources.items():
        for clip in source.clips:
            exact = Fraction(clip.offset_ms) * edl.fps.value / 1000
            rounded = abs(round_half_up(exact) - exact)
            rounded_ms = float(rounded * 1000 / edl.fps.value)
            if rounded_ms >= LOSS_MIN_MS:
                losses.append(
                    f"{name}: sync is rounded to whole frames, {rounded_ms:.1f} ms ({float(rounded):.2f} frames) off "
                    f"({file_name(clip.path)})"
                )
    return losses


def black_losses(edl: CanonicalEDL) -> list[str]:
    """Return for how long a shot's camera was off: formats that name files show black there, with no camera's name."""
    off: dict[str, int] = {}
    for piece in programme(edl):
        if piece.clip is None:
            off[piece.camera] = off.get(piece.camera, 0) + piece.frames
    return [
        f"{name} was off for {frames} frames of its shots: black, and no camera's name there" for name, frames in off.items()
    ]


def file_name(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]


def rate_losses(edl: CanonicalEDL) -> list[str]:
    """Return which sources have another frame rate, where a file's times are written in frames of the programme."""
    other = sorted(
        {name for name, source in edl.sources.items() for clip in source.clips if clip.fps not in (None, edl.fps)}
    )
    return [f"{', '.join(other)}: another frame rate; the file's times are counted in frames of the programme"] * bool(other)


def track_losses(edl: CanonicalEDL) -> list[str]:
    """Return what no other program's format has a place for: overlays, shorts, omissions, J/L marks, state."""
    moved = [cut for cut in edl.program if cut.picture_offset_frames]
    tracks = (
        (edl.overlays, "overlays"), (edl.shorts, "shorts"), (edl.omitted, "stretches marked to be left out"),
        (moved, "marks of picture ahead of or behind the sound (the picture's cuts are where they should be)"),
    )  # fmt: skip
    kept = [f"{len(track)} {word}" for track, word in tracks if track]
    return [f"not carried: {', '.join(kept)}"] * bool(kept) + [
        "not carried: approval per cut, the EDL's state and its options"
    ]
