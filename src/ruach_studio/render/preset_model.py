"""What an output format is, as values: size, fit, length, codec, loudness. presets.py holds the four that ship."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ruach_studio.render.lettering_style import NOTHING, LetteringStyle

Fit = Literal["pad", "crop"]
Reframe = Literal["centre", "subject"]

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
    """One output format. `max_length_s` is None where the whole programme is shown; a still has neither codec.

    `reframe` says where a crop is centred: on the picture's own centre, or where the subject stands (plan/framing.py).
    """

    name: str
    width: int
    height: int
    fit: Fit
    extension: str
    content_type: str
    max_length_s: Fraction | None
    video: VideoCodec | None
    audio: AudioCodec | None
    reframe: Reframe = "centre"
    lettering: LetteringStyle = NOTHING

    @property
    def is_still(self) -> bool:
        """Say whether the output is one picture and no video."""
        return self.video is None

    @property
    def follows_subject(self) -> bool:
        """Say whether the picture is cropped around the subject, so that its place has to be known."""
        return self.fit == "crop" and self.reframe == "subject"
