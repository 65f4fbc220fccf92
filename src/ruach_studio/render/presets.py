"""Turn the name of a format into everything that its output must be: size, length, codec, loudness.

Four formats, as data. The output's frame rate is not here: it is the EDL's own rate, exact (30000/1001 stays 30000/1001),
because converting a rate is the one thing that must drop or repeat frames. Of the three videos only the short is
limited in length (60 s); the square clip shows the whole programme, cropped at the centre.

H.264 veryfast at crf 20: the next faster preset costs three times the bytes for 7 % less time, the next slower one 1.7
times the time for 15 % more bytes (600 frames of 1080p, measured). plan/ says which frames go in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ruach_studio.kernel.errors import BadInput

Fit = Literal["pad", "crop"]

TARGET_LUFS = -14.0
TOLERANCE_LU = 0.5
MAX_TRUE_PEAK_DBTP = -1.0


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """How the picture is encoded: libx264, yuv420p, closed groups of pictures of at most `gop_s` seconds.

    `smart_copy`: copy whole groups of pictures of a camera where they already are what comes out (FFmpeg's runner only).
    """

    encoder: str = "libx264"
    speed: str = "veryfast"
    crf: int = 20
    pixel_format: str = "yuv420p"
    gop_s: Fraction = Fraction(2)
    smart_copy: bool = False


@dataclass(frozen=True, slots=True)
class AudioCodec:
    """How the sound is encoded and how loud it is: measured on the encoded track, not before."""

    encoder: str = "aac"
    bit_rate: int = 192_000
    sample_rate: int = 48_000
    channels: int = 2
    target_lufs: float = TARGET_LUFS
    tolerance_lu: float = TOLERANCE_LU
    max_true_peak_dbtp: float = MAX_TRUE_PEAK_DBTP


@dataclass(frozen=True, slots=True)
class Preset:
    """One output format. `max_length_s` is None where the whole programme is shown; a still has neither codec."""

    name: str
    width: int
    height: int
    fit: Fit
    extension: str
    content_type: str
    max_length_s: Fraction | None
    video: VideoCodec | None
    audio: AudioCodec | None

    @property
    def is_still(self) -> bool:
        """Say whether the output is one picture and no video."""
        return self.video is None


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("full_16_9", 1920, 1080, "pad", "mp4", "video/mp4", None, VideoCodec(), AudioCodec()),
        Preset("short_9_16", 1080, 1920, "crop", "mp4", "video/mp4", Fraction(60), VideoCodec(), AudioCodec()),
        Preset("clip_1_1", 1080, 1080, "crop", "mp4", "video/mp4", None, VideoCodec(), AudioCodec()),
        Preset("thumbnail", 1920, 1080, "pad", "jpg", "image/jpeg", None, None, None),
    )
}
FORMATS: tuple[str, ...] = tuple(PRESETS)


class UnknownFormat(BadInput):
    """There is no such output format."""

    code = "unknown_format"


def preset_named(name: str) -> Preset:
    """Return the preset called `name`, else raise UnknownFormat listing the four."""
    preset = PRESETS.get(name)
    if preset is None:
        raise UnknownFormat(
            f"{name!r} is not an output format", subject="format", remedy="Use one of " + ", ".join(FORMATS) + "."
        )
    return preset
