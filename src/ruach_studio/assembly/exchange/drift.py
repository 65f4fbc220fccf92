"""Turn a recorder's clock drift into the speed that mends it, or into the number of frames by which it shows.

Rule: local = (master - offset) / (1 + d). A stretch that is played at the file's own speed starts on the right frame and
ends |d| / (1 + d) of its length off. Where that is more than half a frame, the stretch is retimed to 1 / (1 + d) by the
formats that can; up to half a frame it is left alone, because retiming costs a resampling of the sound. What is left
alone is named with its size. Counterpart: `pieces.py` makes the stretches.
"""

from collections.abc import Iterable
from fractions import Fraction

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource
from ruach_studio.assembly.exchange.pieces import LOSS_MIN_MS, Piece, file_name
from ruach_studio.kernel.timebase import FrameRate

RETIME_ABOVE_FRAMES = Fraction(1, 2)


def speed_of(clip: ClipSource) -> Fraction:
    """Return how many seconds of the file pass in a second of the programme: 1 / (1 + d), exact."""
    return 1 / (1 + Fraction(clip.drift_ppm) / 1_000_000)


def drift_frames(clip: ClipSource, frames: int) -> Fraction:
    """Return by how many frames the end of `frames` programme frames is off at the file's own speed."""
    return abs(frames * (1 - speed_of(clip)))


def needs_retiming(piece: Piece) -> bool:
    """Say whether the piece would end more than half a frame off at the file's own speed."""
    return piece.clip is not None and drift_frames(piece.clip, piece.frames) > RETIME_ABOVE_FRAMES


def warped_frame(edl: CanonicalEDL, piece: Piece) -> int:
    """Return where the piece begins in its retimed clip: programme frames since the clip began."""
    return max(0, piece.master_frame - edl.fps.frame_at_ms(piece.clip.offset_ms)) if piece.clip else 0


def drift_losses(edl: CanonicalEDL, pieces: Iterable[Piece], *, retimed: bool) -> list[str]:
    """Return, a clip a line, how far off the longest piece ends that keeps the file's own speed.

    `retimed`: the format retimes what is more than half a frame off, so only shorter pieces count.
    """
    longest: dict[tuple[str, int], Piece] = {}
    for piece in pieces:
        if piece.clip is None or (retimed and needs_retiming(piece)):
            continue
        key = (piece.camera, piece.index)
        if key not in longest or piece.frames > longest[key].frames:
            longest[key] = piece
    told = (drift_loss(piece.camera, piece.clip, piece.frames, edl.fps) for piece in longest.values() if piece.clip)
    return [loss for loss in told if loss]


def drift_loss(camera: str, clip: ClipSource, frames: int, rate: FrameRate) -> str:
    """Return the sentence for `frames` of `clip` at its own speed, or "" below half a millisecond."""
    off = drift_frames(clip, frames)
    off_ms = float(off / rate.value * 1000)
    if off_ms < LOSS_MIN_MS:
        return ""
    return (
        f"{camera}: clock drift of {clip.drift_ppm:+.1f} ppm is not carried, up to {off_ms:.1f} ms "
        f"({float(off):.2f} frames) off ({file_name(clip.path)})"
    )
