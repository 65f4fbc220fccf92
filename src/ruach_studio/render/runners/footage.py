"""Turn a media file into what the filter graph must know of it, read once per render: facts, run-up, fields, colours."""

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
from av.video.reformatter import ColorRange

from ruach_studio.infra.media import MediaInfo, check_media, is_unstamped, probe, restamp
from ruach_studio.render.colour import Colours, Conversion709, conversion_of
from ruach_studio.render.source_colours import colours_of

# Containers whose index says where every key frame is; in others a seek is a guess, made good by a run-up.
INDEXED = {"mov", "matroska"}
RUN_UP_S = Fraction(10)
# A picture of a variable rate may have begun to show long before the wanted point: it must be read to be shown.
VARIABLE_RUN_UP_S = Fraction(1)
AVFMT_TS_DISCONT = 0x0200  # libavformat/avformat.h
_BT709 = conversion_of(Colours())


@dataclass(frozen=True, slots=True)
class Footage:
    """A file's facts, how long before the wanted frame reading begins (0 with an index and an even rate), its fields.

    `info.path` is the file that is read: the clip's own, or a copy with its pictures' times.

    `restamped`: the container's stamps may jump (MPEG-TS, MPEG-PS, Ogg). FFmpeg then counts from the first picture, not
    from the container's start, unless the seek lies behind that picture. `colour`: how its colours become BT.709.
    """

    info: MediaInfo
    run_up_s: Fraction = Fraction(0)
    interlaced: bool = False
    restamped: bool = False
    colour: Conversion709 = _BT709
    square_pixels: bool = True
    full_range: bool = False


def read_footage(path: str, scratch: Path) -> Footage:
    """Return the facts of the file at `path`, or of its copy in `scratch` where its pictures' times had to be found.

    Raises BadMedia, Unorderable.
    """
    info = check_media(path, need_audio=False, need_video=True)
    with av.open(path, options={"protocol_whitelist": "file"}) as container:
        stream = container.streams.video[0]
        run_up_s = RUN_UP_S if INDEXED.isdisjoint(container.format.name.split(",")) else Fraction(0)
        if info.video is not None and info.video.variable_rate:
            run_up_s = max(run_up_s, VARIABLE_RUN_UP_S)
        first = None
        with suppress(av.InvalidDataError):  # a damaged start: FFmpeg itself will count the errors
            first = next(container.decode(stream), None)
        restamped = bool(container.format.flags & AVFMT_TS_DISCONT)
        colour = conversion_of(colours_of(stream, first))
        square_pixels = stream.sample_aspect_ratio in (None, 0, 1)
        full_range = first is not None and int(first.color_range) == ColorRange.JPEG
        unstamped = is_unstamped(container, stream)
    if unstamped:
        size, changed = info.size_bytes, Path(path).stat().st_mtime_ns
        name = sha256(f"{path}\n{size}\n{changed}".encode()).hexdigest()[:16]
        info, run_up_s = probe(restamp(Path(path), scratch / f"restamped-{name}.mov")), Fraction(0)
    interlaced = first is not None and bool(first.interlaced_frame)
    return Footage(info, run_up_s, interlaced, restamped, colour, square_pixels, full_range)
