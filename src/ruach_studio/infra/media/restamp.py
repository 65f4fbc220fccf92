"""Turn a file whose pictures carry only decoding times into one that says when each is shown, copying every packet.

AVI numbers its packets and nothing else. With B-frames the decoding order is not the shown order, and every reader guesses
(FFmpeg's program and PyAV differ by a frame). The decoder knows: each packet's number rides through it, and the order in
which the numbers come out is the order of showing. The n-th picture shown gets the time of the n-th packet.
"""

import os
from pathlib import Path
from secrets import token_hex

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ruach_studio.kernel.errors import MediaFailure

_REMEDY = "Convert it to MP4 first."
_OPEN = {"protocol_whitelist": "file"}


class Unorderable(MediaFailure):
    """The order of the pictures in this file cannot be told."""

    code = "unorderable"


def is_unstamped(container: InputContainer, stream: VideoStream) -> bool:
    """Say whether the pictures' times must be found by decoding. Ask after the first picture was decoded."""
    return container.format.name == "avi" and bool(stream.codec_context.has_b_frames)


def restamp(source: Path, target: Path) -> Path:
    """Write the pictures of `source` to `target` (QuickTime) with their times, unless it is there. No sound.

    Reads the file twice, decoding once. Raises Unorderable, OSError when the disk is full.
    """
    if target.exists():
        return target
    with av.open(str(source), options=_OPEN) as container:
        slots, shown = _orders(container, source)
    if sorted(shown) != list(range(len(slots))):
        fact = f"{len(slots)} packets, {len(shown)} pictures"
        raise Unorderable(fact, subject=str(source), remedy=_REMEDY)
    times = dict(zip(shown, slots, strict=True))
    late = max((slot - times[i] for i, slot in enumerate(slots)), default=0)
    part = target.with_suffix(f".{token_hex(4)}.part")
    try:
        with av.open(str(source), options=_OPEN) as container, av.open(str(part), "w", format="mov") as out:
            copy = out.add_stream_from_template(container.streams.video[0])
            for i, packet in enumerate(p for p in container.demux(video=0) if p.size):
                packet.pts, packet.dts, packet.stream = times[i], slots[i] - late, copy
                out.mux(packet)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _orders(container: InputContainer, source: Path) -> tuple[list[int], list[int]]:
    """Return each packet's time as the file has it, and the packets' numbers in the order in which they are shown."""
    stream = container.streams.video[0]
    stream.codec_context.copy_opaque = True
    slots: list[int] = []
    shown: list[int] = []
    try:
        for packet in container.demux(stream):
            packet.opaque = len(slots)
            if packet.size:
                slots.append(packet.dts if packet.dts is not None else len(slots))
            shown += [number for frame in packet.decode() if isinstance(number := frame.opaque, int)]
    except av.InvalidDataError as error:
        fact = f"a picture cannot be decoded ({error.strerror})"
        raise Unorderable(fact, subject=str(source), remedy=_REMEDY) from error
    return slots, shown
