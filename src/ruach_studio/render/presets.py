"""Turn the name of a format into everything that its output must be: size, length, codec, loudness.

Four formats, as data (standard_presets.toml); an operator can add others (usecases/save_preset.py). The output's frame
rate is not here: it is the EDL's own rate, exact (30000/1001 stays 30000/1001), because converting a rate is the one
thing that must drop or repeat frames. Of the three videos only the short is limited in length (60 s) and cropped around
the subject; the square clip shows the whole programme, cropped at the centre.

H.264 veryfast at crf 20: the next faster preset costs three times the bytes for 7 % less time, the next slower one 1.7
times the time for 15 % more bytes (600 frames of 1080p, measured). plan/ says which frames go in.
"""

import pkgutil
import tomllib
from collections.abc import Mapping, Sequence

from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.preset_model import (
    MAX_TRUE_PEAK_DBTP,
    TARGET_LUFS,
    TOLERANCE_LU,
    AudioCodec,
    Fit,
    Preset,
    Reframe,
    VideoCodec,
)
from ruach_studio.render.preset_wire import BadPreset, preset_sha256, preset_to_wire, read_preset

__all__ = [
    "FORMATS", "MAX_TRUE_PEAK_DBTP", "PRESETS", "TARGET_LUFS", "TOLERANCE_LU", "AudioCodec", "BadPreset", "Fit", "Preset",
    "Reframe", "UnknownFormat", "VideoCodec", "preset_named", "preset_sha256", "preset_to_wire", "read_preset",
]  # fmt: skip


def _standard() -> Mapping[str, Preset]:
    """Read the file that ships beside this module: a part of the code, as constant as the code itself."""
    text = (pkgutil.get_data("ruach_studio.render", "standard_presets.toml") or b"").decode()
    return {preset.name: preset for preset in map(read_preset, tomllib.loads(text)["preset"])}


PRESETS: Mapping[str, Preset] = _standard()
FORMATS: tuple[str, ...] = tuple(PRESETS)


class UnknownFormat(BadInput):
    """There is no such output format."""

    code = "unknown_format"


def preset_named(name: str, others: Sequence[Preset] = ()) -> Preset:
    """Return the standard preset called `name`, or the one among `others`; else raise UnknownFormat listing them all."""
    known = {preset.name: preset for preset in others} | dict(PRESETS)
    if name not in known:
        ordered = [*PRESETS, *(other for other in known if other not in PRESETS)]
        raise UnknownFormat(
            f"{name!r} is not an output format", subject="format", remedy="Use one of " + ", ".join(ordered) + "."
        )
    return known[name]
