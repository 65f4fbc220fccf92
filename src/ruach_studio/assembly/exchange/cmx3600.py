"""Turn a CanonicalEDL into a CMX3600 list: one line an event, the oldest form that every editing program still reads.

Picture events first, then those of the programme audio; without one, sound goes with the picture (AA/V). The programme
starts at 01:00:00:00, as is the custom; a file's timecode counts from its own beginning, in frames of the programme. A reel
name has at most eight letters and figures: the table of reels and files stands at the end, in comments.

A motion line (M2) names a speed in frames per second with one decimal, too coarse for a clock's drift: it is written only
where an event would end more than half a frame off and the speed is another one to that decimal (film shown at 25). An
event starts on its right frame in any case, so that drift shows within a shot at most. Counterpart: `read_cmx3600.py`.
"""

import re
from collections.abc import Iterator
from fractions import Fraction

from ruach_studio.assembly.edl import CanonicalEDL, Cut
from ruach_studio.assembly.exchange.drift import drift_losses, needs_retiming, speed_of
from ruach_studio.assembly.exchange.pieces import (
    LOSS_MIN_MS,
    Piece,
    black_losses,
    chapter_frame,
    file_name,
    jump_losses,
    one_hour,
    pieces_of,
    rate_losses,
    split_losses,
    sync_losses,
    track_losses,
    whole,
)
from ruach_studio.kernel.timebase import round_half_up

REEL_LETTERS = 8
BLACK = "BL"
RESERVED = {BLACK, "AX"}  # black, and "auxiliary": a source without a reel
EVENTS_MAX = 999
FASTEST = 30  # frames of a second that the format knows
Reels = dict[tuple[str, int], str]


def write_cmx3600(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (the list, what it could not hold). The same EDL gives the same text, in ASCII."""
    reels = reels_of(edl)
    title = f"TITLE: {edl.session_id} v{edl.version}"
    lines = [title, f"FCM: {'DROP FRAME' if edl.fps.drop_frame else 'NON-DROP FRAME'}"]
    events = list(_events(edl))
    for count, (piece, cut) in enumerate(events, 1):
        kind = "AA" if cut is None else "V" if edl.programme_audio else "AA/V"
        lines += ["", *_event(edl, count, piece, kind, reels), *_comments(edl, piece, cut)]
    table = [f"* REEL {reel}: {edl.sources[camera].clips[index].path}" for (camera, index), reel in reels.items()]
    lines += ["", *table]  # at the end: some readers take no comment before the first event
    text = "\n".join(" ".join(line.split("\n")) for line in lines) + "\n"
    plain = text.encode("ascii", "replace").decode("ascii")
    return plain, tuple(_losses(edl, [piece for piece, _ in events], changed=plain != text))


def _events(edl: CanonicalEDL) -> Iterator[tuple[Piece, Cut | None]]:
    """Yield the pieces of every cut, then those of the programme audio, which belong to no cut."""
    for cut in edl.program:
        for piece in pieces_of(edl, cut.camera, cut.start_frame, cut.end_frame_exclusive):
            yield piece, cut
    if edl.programme_audio:
        for piece in whole(edl, edl.programme_audio):
            yield piece, None


def _event(edl: CanonicalEDL, number: int, piece: Piece, kind: str, reels: Reels) -> list[str]:
    rate, hour = edl.fps, one_hour(edl.fps)
    reel = BLACK if piece.clip is None else reels[piece.camera, piece.index]
    speed = motion_fps(edl, piece)
    lasts = piece.frames if speed is None else round_half_up(piece.frames * speed / rate.value)
    source = [rate.timecode(frame) for frame in (piece.local_frame, piece.local_frame + lasts)]
    record = [rate.timecode(hour + frame) for frame in (piece.start_frame, piece.end_frame_exclusive)]
    event = f"{number:03d}  {reel:<8} {kind:<5} C        {' '.join((*source, *record))}"
    return [event] if speed is None else [event, f"M2   {reel:<8} {float(speed):05.1f}                {source[0]}"]


def motion_fps(edl: CanonicalEDL, piece: Piece) -> Fraction | None:
    """Return the speed of a motion line for the piece, in frames per second to one decimal; None where none is needed."""
    if piece.clip is None or not needs_retiming(piece):
        return None
    tenths = round_half_up(edl.fps.value * speed_of(piece.clip) * 10)
    return None if tenths == round_half_up(edl.fps.value * 10) else Fraction(tenths, 10)


def _comments(edl: CanonicalEDL, piece: Piece, cut: Cut | None) -> list[str]:
    told = [] if piece.clip is None else [f"* FROM CLIP NAME: {file_name(piece.clip.path)}"]
    if cut is None:
        return told
    told.append(f"* CAMERA {cut.camera}, {cut.reason} {cut.confidence:.2f} ({cut.band}): {'; '.join(cut.reasons)}")
    if cut.note:
        told.append(f"* NOTE: {cut.note}")
    for chapter in edl.chapters:
        frame = chapter_frame(edl, chapter)
        if piece.start_frame <= frame < piece.end_frame_exclusive:
            told.append(f"* CHAPTER {edl.fps.timecode(one_hour(edl.fps) + frame)}: {chapter['title']}")
    return told


def reels_of(edl: CanonicalEDL) -> Reels:
    """Return a reel for every clip: the camera's name and, where it has several, the clip's number; no two alike."""
    reels: Reels = {}
    taken = set(RESERVED)
    for camera, source in edl.sources.items():
        letters = re.sub(r"[^A-Z0-9]", "", camera.upper()) or "CAM"
        for index in range(len(source.clips)):
            number = str(index + 1) if len(source.clips) > 1 else ""
            reel, other = letters[: REEL_LETTERS - len(number)] + number, 1
            while reel in taken:
                other += 1
                tail = f"{number}X{other}"
                reel = letters[: REEL_LETTERS - len(tail)] + tail
            taken.add(reel)
            reels[camera, index] = reel
    return reels


def _losses(edl: CanonicalEDL, pieces: list[Piece], *, changed: bool) -> list[str]:
    plain = [piece for piece in pieces if motion_fps(edl, piece) is None]
    losses = sync_losses(edl) + drift_losses(edl, plain, retimed=False) + _motion_losses(edl, pieces)
    shown = {cut.camera for cut in edl.program} | {edl.programme_audio}
    idle = [name for name in edl.sources if name not in shown]
    losses.append("not carried: the other angles of a shot and the sound of other tracks; a list has one of each")
    if idle:
        losses.append(f"not carried: {', '.join(idle)}, never on screen")
    losses += rate_losses(edl) + black_losses(edl) + jump_losses(edl) + split_losses(edl)
    if edl.fps.nominal > FASTEST:
        losses.append(f"{edl.fps} frames per second are more than the {FASTEST} that CMX3600 was made for")
    if len(pieces) > EVENTS_MAX:
        losses.append(f"{len(pieces)} events; CMX3600 numbers end at {EVENTS_MAX}")
    if changed:
        losses.append("letters that are not ASCII are written as '?'")
    return losses + track_losses(edl)


def _motion_losses(edl: CanonicalEDL, pieces: list[Piece]) -> list[str]:
    """Return what one decimal of a motion line costs, a camera a line."""
    worst: dict[str, Fraction] = {}
    for piece in pieces:
        speed = motion_fps(edl, piece)
        if speed is not None and piece.clip is not None:
            off = abs(speed / edl.fps.value - speed_of(piece.clip)) * piece.frames
            worst[piece.camera] = max(off, worst.get(piece.camera, off))
    return [
        f"{name}: the speed is rounded to a tenth of a frame per second, up to {float(off):.2f} frames off"
        for name, off in worst.items()
        if off / edl.fps.value * 1000 >= LOSS_MIN_MS
    ]
