"""Turn encoded chunks and copied groups of pictures into one track, without touching a picture.

Each group of pictures brings its own parameter sets before its first picture, since a camera's differ from the encoder's
and an MP4's header holds one kind. All times are counted anew: the k-th packet is decoded in frame k minus the deepest
reordering of all parts, so decoding times rise evenly over every joint.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from secrets import token_hex
from threading import Event
from typing import cast

import av
from av.packet import Packet
from av.video.stream import VideoStream

from ruach_studio.kernel.errors import Cancelled, MediaFailure
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.runners.smart_copy import carries_sets, has_long_lengths, parameter_sets

_OPEN = {"protocol_whitelist": "file"}


class NotSpliced(MediaFailure):
    """The copied and the encoded pictures do not fit together; nothing was written."""

    code = "not_spliced"


@dataclass(frozen=True, slots=True)
class Piece:
    """`frames` pictures of a file from picture `first` on, an IDR picture; picture 0 stands at `zero_s`.

    The next piece begins `gap` frames after its end; its last picture stays that long.
    """

    path: Path
    first: int
    frames: int
    zero_s: float = 0.0
    gap: int = 0


def splice(pieces: Sequence[Piece], target: Path, rate: FrameRate, timescale: int, cancelled: Event | None = None) -> Path:
    """Write the pieces one after another to `target` (MP4). The header is an encoder's where there is one.

    `cancelled` is looked at at each packet. The index is behind the pictures: in front, the file would be written twice.
    Raises NotSpliced if a picture is missing or too many, Cancelled.
    """
    model = next((piece for piece in pieces if piece.first == 0), pieces[0]).path
    late = max(_lateness(piece, rate, cancelled) for piece in pieces)
    part = target.with_suffix(f".{token_hex(4)}.part")
    ticks = Fraction(timescale) / rate.value  # per frame, a whole number
    options = {"fflags": "+bitexact", "video_track_timescale": str(timescale)}
    try:
        with (
            av.open(str(model), options=_OPEN) as header,
            av.open(str(part), "w", format="mp4", options=options) as out,
        ):
            stream = out.add_stream_from_template(header.streams.video[0])
            stream.time_base = Fraction(1, timescale)
            done = 0
            for piece in pieces:
                for i, (number, packet) in enumerate(_packets(piece, rate, cancelled)):
                    packet.stream, packet.time_base = stream, Fraction(1, timescale)
                    packet.pts, packet.dts = int((done + number) * ticks), int((done + i - late) * ticks)
                    packet.duration = int(ticks)
                    out.mux(packet)
                done += piece.frames + piece.gap
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _lateness(piece: Piece, rate: FrameRate, cancelled: Event | None) -> int:
    return max(i - number for i, (number, _) in enumerate(_packets(piece, rate, cancelled)))


def _packets(piece: Piece, rate: FrameRate, cancelled: Event | None) -> "Iterator[tuple[int, Packet[VideoStream]]]":
    """Yield (number within the piece, packet) in decoding order, key frames with their parameter sets."""
    count = 0
    with av.open(str(piece.path), options=_OPEN) as container:
        stream = container.streams.video[0]
        extradata = stream.codec_context.extradata
        if extradata is None or not has_long_lengths(extradata) or stream.time_base is None:
            raise NotSpliced("its pictures are not stored as MP4 stores them", subject=str(piece.path))
        sets = parameter_sets(extradata)
        if piece.first:
            container.seek(int((piece.zero_s + piece.first / float(rate.value)) / stream.time_base) + 1, stream=stream)
        for packet in container.demux(stream):
            if cancelled is not None and cancelled.is_set():
                raise Cancelled("told to stop while packets were copied", subject=str(piece.path))
            if packet.pts is None or packet.size == 0:
                continue
            number = round((float(packet.pts * packet.time_base) - piece.zero_s) * float(rate.value)) - piece.first
            if number >= piece.frames and packet.is_keyframe:
                break
            if number < 0:  # a seek may land a group early
                continue
            if number >= piece.frames:
                raise NotSpliced(f"picture {number} of {piece.frames} came", subject=str(piece.path))
            count += 1
            yield number, _with_sets(packet, sets) if packet.is_keyframe and not carries_sets(packet) else packet
    if count != piece.frames:
        raise NotSpliced(f"{count} pictures instead of {piece.frames}", subject=str(piece.path))


def _with_sets(packet: "Packet[VideoStream]", sets: bytes) -> "Packet[VideoStream]":
    full = Packet(sets + bytes(packet))
    full.pts, full.dts, full.time_base, full.is_keyframe = packet.pts, packet.dts, packet.time_base, True
    return cast("Packet[VideoStream]", full)
