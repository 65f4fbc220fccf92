"""Let OpenTimelineIO read sequences without what is left out, of cameras that jump: `python bench/exchange_pieces.py`.

The session of `exchange.py` with a camera that loses 200 ms and later doubles 400 ms, and four stretches left out, at every
rate. For each frame of the sequence the library says which file it shows and where; that is held against the placement of
the pieces, worked out here by itself. What the library writes again is taken back and has to be the EDL it was.
"""

import sys
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

from exchange import RATES, filmed
from peers import peer

from ruach_studio.assembly.edl import CanonicalEDL, ClipPiece
from ruach_studio.assembly.exchange import export, import_back
from ruach_studio.kernel.timebase import FrameRate

PIECES = (ClipPiece(0.0, -4021.3), ClipPiece(15_000.0, -3821.3), ClipPiece(17_500.0, -4221.3))
LEFT_OUT_S = ((0.0, 0.4), (9.0, 10.5), (15.5, 16.1), (38.0, 40.0))


def main() -> int:
    """Print a line for each rate; return 1 if a frame was wrong or something did not come back."""
    otio, good = peer("opentimelineio"), True
    print("| rate | frames shown | right by OpenTimelineIO | of a hole, empty | comes back |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
        for rate in RATES:
            edl = jumping(filmed(FrameRate.parse(rate), Path(name)))
            right, empty, back = read_again(otio, edl)
            print(f"| {rate} | {edl.kept.frames} | {right} | {empty} | {'same' if back else 'CHANGED'} |")
            good &= right + empty == edl.kept.frames and back
    print("every frame is right" if good else "MISSED: a frame is wrong, or something did not come back")
    return 0 if good else 1


def jumping(edl: CanonicalEDL) -> CanonicalEDL:
    """Return the EDL with the jumps of W and what is left out."""
    w = edl.sources["W"]
    sources = {**edl.sources, "W": replace(w, clips=(replace(w.clips[0], pieces=PIECES),))}
    stretches = [(edl.fps.frame_at(low), edl.fps.frame_at(high)) for low, high in LEFT_OUT_S]
    marks = tuple({"startFrame": low, "endFrameExclusive": high, "reason": "bench"} for low, high in stretches)
    return replace(edl, sources=sources, omitted=marks)


def read_again(otio: ModuleType, edl: CanonicalEDL) -> tuple[int, int, bool]:
    """Return how many frames the library shows from their place, how many rightly empty, and whether it comes back."""
    timeline = otio.adapters.read_from_string(export(edl, "otio")[0], "otio_json")
    shown: dict[int, tuple[str, float]] = {}
    for clip in timeline.video_tracks()[0].find_clips():
        placed = clip.range_in_parent()
        path = unquote(urlsplit(clip.media_reference.target_url).path)
        for n in range(int(placed.duration.value)):
            shown[int(placed.start_time.value) + n] = (path, clip.source_range.start_time.value + n)
    gone = {n for mark in edl.omitted for n in range(int(str(mark["startFrame"])), int(str(mark["endFrameExclusive"])))}
    frames = [frame for frame in range(edl.duration_frames) if frame not in gone]
    wanted = [place(edl, frame) for frame in frames]
    right = sum(
        n in shown and any(shown[n][0] == path and abs(shown[n][1] - at) <= 1 for path, at in places)
        for n, places in enumerate(wanted)
    )
    empty = sum(n not in shown and not sure(edl, frame) for n, frame in enumerate(frames))
    again = otio.adapters.write_to_string(timeline, "otio_json")
    return right, empty, import_back(edl, "otio", again.encode(), version=2).same


def place(edl: CanonicalEDL, frame: int, slack_ms: float = 25.0) -> list[tuple[str, Fraction]]:
    """Return where the cut's camera has the frame: (path, frames into it), a piece a line; within `slack_ms` of its ends."""
    cut = next(cut for cut in edl.program if cut.start_frame <= frame < cut.end_frame_exclusive)
    at_ms, found = edl.fps.seconds(frame) * 1000, []
    for clip in edl.sources[cut.camera].clips:
        stretch = 1 + Fraction(clip.drift_ppm) / 1_000_000
        pieces = clip.pieces or (ClipPiece(0.0, clip.offset_ms),)
        for n, piece in enumerate(pieces):
            local = (at_ms - Fraction(piece.offset_ms)) / stretch
            end_ms = clip.duration_ms if n + 1 == len(pieces) else pieces[n + 1].from_ms
            begun = any(at_ms - Fraction(p.offset_ms) > (Fraction(p.from_ms) + 25) * stretch for p in pieces[n + 1 :])
            if piece.from_ms - slack_ms <= local < end_ms + slack_ms and not begun:  # a later piece wins
                found.append((clip.path, local * edl.fps.value / 1000))
    return found


def sure(edl: CanonicalEDL, frame: int) -> bool:
    """Say whether the camera certainly has the frame: not at the very edge of a piece."""
    return bool(place(edl, frame, -25.0))


if __name__ == "__main__":
    sys.exit(main())
