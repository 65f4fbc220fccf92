"""Turn a CanonicalEDL into a CMX3600 list: one line an event, the oldest form that every editing program still reads.

Picture events first, then those of the programme audio; without one, sound goes with the picture (AA/V). The programme
starts at 01:00:00:00, as is the custom; a file's timecode counts from its own beginning, in frames of the programme. A reel
name has at most eight letters and figures: the table of reels and files stands at the end, in comments.
"""

import re
from collections.abc import Iterator

from ruach_studio.assembly.edl import CanonicalEDL, Cut
from ruach_studio.assembly.exchange.pieces import Piece, one_hour, pieces_of, rate_losses, timing_losses, track_losses

REEL_LETTERS = 8
BLACK = "BL"
RESERVED = {BLACK, "AX"}  # black, and "auxiliary": a source without a reel
EVENTS_MAX = 999
FASTEST = 30  # frames of a second that the format knows
Reels = dict[tuple[str, int], str]


def write_cmx3600(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (the list, what it could not hold). The same EDL gives the same text, in ASCII."""
    reels = _reels(edl)
    title = f"TITLE: {edl.session_id} v{edl.version}"
    lines = [title, f"FCM: {'DROP FRAME' if edl.fps.drop_frame else 'NON-DROP FRAME'}"]
    count = 0
    for piece, cut in _events(edl):
        count += 1
        kind = "AA" if cut is None else "V" if edl.programme_audio else "AA/V"
        lines += ["", *_event(edl, count, piece, kind, reels), *_comments(edl, piece, cut)]
    table = [f"* REEL {reel}: {edl.sources[camera].clips[index].path}" for (camera, index), reel in reels.items()]
    lines += ["", *table]  # at the end: some readers take no comment before the first event
    text = "\n".join(" ".join(line.split("\n")) for line in lines) + "\n"
    plain = text.encode("ascii", "replace").decode("ascii")
    return plain, tuple(_losses(edl, count, changed=plain != text))


def _events(edl: CanonicalEDL) -> Iterator[tuple[Piece, Cut | None]]:
    """Yield the pieces of every cut, then those of the programme audio, which belong to no cut."""
    for cut in edl.program:
        for piece in pieces_of(edl, cut.camera, cut.start_frame, cut.end_frame_exclusive):
            yield piece, cut
    if edl.programme_audio:
        for piece in pieces_of(edl, edl.programme_audio, 0, edl.duration_frames):
            yield piece, None


def _event(edl: CanonicalEDL, number: int, piece: Piece, kind: str, reels: Reels) -> list[str]:
    rate, hour = edl.fps, one_hour(edl.fps)
    reel = BLACK if piece.clip is None else reels[piece.camera, piece.index]
    source = [rate.timecode(frame) for frame in (piece.local_frame, piece.local_frame + piece.frames)]
    record = [rate.timecode(hour + frame) for frame in (piece.start_frame, piece.end_frame_exclusive)]
    return [f"{number:03d}  {reel:<8} {kind:<5} C        {' '.join((*source, *record))}"]


def _comments(edl: CanonicalEDL, piece: Piece, cut: Cut | None) -> list[str]:
    told = [] if piece.clip is None else [f"* FROM CLIP NAME: {piece.clip.path.rpartition('/')[2]}"]
    if cut is None:
        return told
    told.append(f"* CAMERA {cut.camera}, {cut.reason} {cut.confidence:.2f} ({cut.band}): {'; '.join(cut.reasons)}")
    if cut.note:
        told.append(f"* NOTE: {cut.note}")
    for chapter in edl.chapters:
        frame = edl.fps.frame_at_ms(float(str(chapter["startMs"])))
        if piece.start_frame <= frame < piece.end_frame_exclusive:
            told.append(f"* CHAPTER {edl.fps.timecode(one_hour(edl.fps) + frame)}: {chapter['title']}")
    return told


def _reels(edl: CanonicalEDL) -> Reels:
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


def _losses(edl: CanonicalEDL, events: int, *, changed: bool) -> list[str]:
    losses = timing_losses(edl)
    shown = {cut.camera for cut in edl.program} | {edl.programme_audio}
    idle = [name for name in edl.sources if name not in shown]
    losses.append("not carried: the other angles of a shot; a list has one picture track")
    if idle:
        losses.append(f"not carried: {', '.join(idle)}, never on screen")
    losses += rate_losses(edl)
    if edl.fps.nominal > FASTEST:
        losses.append(f"{edl.fps} frames per second are more than the {FASTEST} that CMX3600 was made for")
    if events > EVENTS_MAX:
        losses.append(f"{events} events; CMX3600 numbers end at {EVENTS_MAX}")
    if changed:
        losses.append("letters that are not ASCII are written as '?'")
    return losses + track_losses(edl)
