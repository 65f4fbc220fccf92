"""Turn an opened file and its first picture into what they say of their colours. Counterpart: colour.py decides."""

from contextlib import suppress

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ruach_studio.render.colour import UNSPECIFIED, Colours, Conversion709, conversion_of


def colours_of(stream: VideoStream, picture: VideoFrame | None) -> Colours:
    """Read the picture's own words, and the track header's where it is silent."""
    codec = stream.codec_context
    said = [codec.colorspace, codec.color_primaries, codec.color_trc]
    if picture is not None:
        own = [picture.colorspace, picture.color_primaries, picture.color_trc]
        said = [int(mine) if int(mine) != UNSPECIFIED else int(header) for mine, header in zip(own, said, strict=True)]
    is_rgb = codec.format is not None and codec.format.is_rgb
    return Colours(int(said[0]), int(said[1]), int(said[2]), stream.width, stream.height, is_rgb)


def read_conversion(path: str) -> Conversion709:
    """Return how the colours of the file's first picture track become BT.709; it is opened and one picture decoded."""
    with av.open(path, options={"protocol_whitelist": "file"}) as container:
        stream = container.streams.video[0]
        first = None
        with suppress(av.FFmpegError):  # a damaged start: the header's words count
            first = next(container.decode(stream), None)
        return conversion_of(colours_of(stream, first))
