"""Turn a stretch of the programme into the stretches of files that make it up, and say what whole frames cost.

A camera is a list of clips, a clip whose recording jumps a list of pieces: one shot may begin in one and end in the next, or
run over a hole between them. Formats that name files instead of angles are written from these. What the EDL leaves out is
left out of the sequence: a sequence counts the frames that are shown, so what follows lies earlier than in the programme.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut
from ruach_studio.kernel.timebase import FrameRate, round_half_up

LOSS_MIN_MS = 0.5


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames `start_frame` to `end_frame_exclusive` of the sequence: one camera, in its clip number `index` (from 0).

    `clip` is None where the camera was not recording; it lies where this piece of it does. `local_frame`: the first frame's
    place in the file, counted in frames of the programme, from the file's beginning. `master_frame`: the programme's number
    of the first frame.
    """

    start_frame: int
    end_frame_exclusive: int
    camera: str
    index: int
    clip: ClipSource | None
    local_frame: int
    master_frame: int = 0

    @property
    def frames(self) -> int:
        """Return the length in frames."""
        return self.end_frame_exclusive - self.start_frame


def pieces_of(edl: CanonicalEDL, camera: str, start_frame: int, end_frame_exclusive: int) -> tuple[Piece, ...]:
    """Return what the sequence shows of `camera` in programme frames [start, end), in order and without a hole."""
    found = list[Piece]()
    for low, high, first in edl.kept.parts(start_frame, end_frame_exclusive):
        by = first - low
        found += [
            replace(piece, start_frame=piece.start_frame + by, end_frame_exclusive=piece.end_frame_exclusive + by)
            for piece in recorded(edl, camera, low, high)
        ]
    return tuple(found)


def recorded(edl: CanonicalEDL, camera: str, start_frame: int, end_frame_exclusive: int) -> tuple[Piece, ...]:
    """Return what `camera` recorded in programme frames [start, end), in the programme's own frames, without a hole."""
    rate, at, found = edl.fps, start_frame, list[Piece]()
    clips = [(placed, index) for index, clip in enumerate(edl.sources[camera].clips) for placed in clip.placed]
    for placed, index in sorted(clips, key=lambda each: each[0].start_ms):
        low = max(at, rate.frame_at_ms(placed.start_ms))
        high = min(end_frame_exclusive, rate.frame_at_ms(placed.end_ms))
        if high <= low:
            continue
        if low > at:
            found.append(Piece(at, low, camera, -1, None, 0, at))
        found.append(Piece(low, high, camera, index, placed.clip, local_frame(placed.clip, rate, low), low))
        at = high
    if at < end_frame_exclusive:
        found.append(Piece(at, end_frame_exclusive, camera, -1, None, 0, at))
    return tuple(found)


def own_frame(edl: CanonicalEDL, camera: str, index: int, start_frame: int) -> int:
    """Return where clip `index` of `camera` has to be at frame `start_frame` of the sequence, by sync."""
    frame = master_frame(edl, start_frame)
    placed = edl.sources[camera].clips[index].placed
    begun = [each for each in placed if edl.fps.frame_at_ms(each.start_ms) <= frame]
    return local_frame((begun[-1] if begun else placed[0]).clip, edl.fps, frame)


def master_frame(edl: CanonicalEDL, frame: int) -> int:
    """Return the programme's number of a frame of the sequence; beyond the end it goes on counting."""
    kept = edl.kept
    last = max(kept.frames - 1, 0)
    return kept.programme_frame(min(frame, last)) + max(frame - last, 0) if frame >= 0 and kept.frames else frame


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


def shown_cuts(edl: CanonicalEDL) -> list[tuple[Cut, int]]:
    """Return the cuts that the sequence shows, each with its first frame there; one that is left out whole is not there."""
    kept = edl.kept
    spans = ((cut, kept.span(cut.start_frame, cut.end_frame_exclusive)) for cut in edl.program)
    return [(cut, span[0]) for cut, span in spans if span]


def chapter_frame(edl: CanonicalEDL, chapter: Mapping[str, object]) -> int:
    """Return the sequence's frame at which a chapter begins; one in a stretch that is left out begins behind it."""
    return edl.kept.shown_frame(edl.fps.frame_at_ms(Fraction(str(chapter["startMs"]))))


def whole(edl: CanonicalEDL, camera: str) -> list[Piece]:
    """Return what the sequence shows of `camera` from its first frame to its last."""
    return list(pieces_of(edl, camera, 0, edl.duration_frames))


def heard(edl: CanonicalEDL) -> list[Piece]:
    """Return the sequence's sound: the programme's one track, else each cut's camera from where its sound begins.

    So a J- or L-cut is heard as it should be: the one track runs on under the cut, and sound that goes with the cameras
    changes at `sound_frame`, not with the picture.
    """
    if edl.programme_audio:
        return whole(edl, edl.programme_audio)
    return [piece for cut, low, high in sounding(edl) for piece in pieces_of(edl, cut.camera, low, high)]


def sounding(edl: CanonicalEDL) -> list[tuple[Cut, int, int]]:
    """Return each cut with the programme frames [start, end) for which its camera would be heard."""
    starts = list(accumulate((cut.sound_frame for cut in edl.program), max))
    spans = zip(edl.program, starts, [*starts[1:], edl.duration_frames], strict=True)
    return [(cut, low, high) for cut, low, high in spans if low < high]


def sync_losses(edl: CanonicalEDL) -> list[str]:
    """Return what is lost where every clip lies on whole frames: by how much each one's sync is rounded."""
    losses = []
    for name, source in edl.sources.items():
        for clip in (placed.clip for each in source.clips for placed in each.placed):
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


def jump_losses(edl: CanonicalEDL) -> list[str]:
    """Return for how many frames a recording that jumps shows nothing between its pieces, a clip a line."""
    losses = []
    for name, source in edl.sources.items():
        for clip in source.clips:
            edges = [edl.fps.frame_at_ms(ms) for placed in clip.placed for ms in (placed.start_ms, placed.end_ms)]
            if holes := sum(max(0, start - end) for end, start in zip(edges[1::2], edges[2::2], strict=False)):
                losses.append(
                    f"{name}: {holes} frames between the pieces of {file_name(clip.path)}, which jumps, are empty; a render "
                    "holds the picture there for up to half a second"
                )
    return losses


def omitted_losses(edl: CanonicalEDL) -> list[str]:
    """Return what leaving stretches out of the sequence means for it and for the way back."""
    if not edl.omitted:
        return []
    seconds = float(edl.omitted_frames / edl.fps.value)
    return [
        f"{len(edl.omitted)} stretches ({seconds:.1f} s) are left out of the sequence, and what follows moves up; coming "
        "back they are put in again as they were: show or leave out stretches in the review"
    ]


def split_losses(edl: CanonicalEDL) -> list[str]:
    """Return how many J- and L-cuts are lost where a format changes the sound with the picture and there is no one track."""
    moved = sum(1 for cut in edl.program if cut.picture_offset_frames)
    if edl.programme_audio or not moved:
        return []
    return [f"{moved} cuts whose sound begins before or after the picture: here it begins with it"]


def track_losses(edl: CanonicalEDL) -> list[str]:
    """Return what no other program's format has a place for: overlays, shorts, what is left out, state."""
    kept = [f"{len(track)} {word}" for track, word in ((edl.overlays, "overlays"), (edl.shorts, "shorts")) if track]
    return (
        [f"not carried: {', '.join(kept)}"] * bool(kept)
        + omitted_losses(edl)
        + ["not carried: approval per cut, the EDL's state and its options"]
    )
