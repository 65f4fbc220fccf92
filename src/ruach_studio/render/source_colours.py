"""Turn an opened file and its first picture into what they say of their colours. Counterpart: colour.py decides."""

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ruach_studio.render.colour import UNSPECIFIED, Colours


def colours_of(stream: VideoStream, picture: VideoFrame | None) -> Colours:
    """Read the picture's own words, and the track header's where it is silent."""
    codec = stream.codec_context
    said = [codec.colorspace, codec.color_primaries, codec.color_trc]
    if picture is not None:
        own = [picture.colorspace, picture.color_primaries, picture.color_trc]
        said = [int(mine) if int(mine) != UNSPECIFIED else int(header) for mine, header in zip(own, said, strict=True)]
    is_rgb = codec.format is not None and codec.format.is_rgb
    return Colours(int(said[0]), int(said[1]), int(said[2]), stream.width, stream.height, is_rgb)
