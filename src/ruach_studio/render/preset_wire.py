"""Turn a preset's written form (JSON or TOML: the same camelCase names) into a Preset and back, or say which field is wrong.

Only what is listed here can be said, each within bounds: there is no way to pass an option to FFmpeg. Sizes are even
(yuv420p halves them), 64..4096 and at most 8,912,896 pixels (4096 x 2176, about H.264 level 5.1); crf 14..35; target
−24..−12 LUFS; true peak −6..−0.5 dBTP; lines of captions 10..60 characters. Encoders, pixel format, sample rate and
stereo are fixed: the chunks, the sound and the muxing of every runner rely on them.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, cast, get_args

from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.render.lettering_style import (
    LINE_CHARACTERS,
    NOTHING,
    Captions,
    Chapters,
    LetteringStyle,
    style_of_shape,
)
from ruach_studio.render.preset_model import AudioCodec, Preset, VideoCodec

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
SPEEDS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")
BIT_RATES = (96_000, 128_000, 160_000, 192_000, 256_000, 320_000)
SIDE, PIXELS = (64, 4096), 4096 * 2176
CRF, GOP_S = (14, 35), (Fraction(1, 2), Fraction(10))
LENGTH_S = (Fraction(5), Fraction(14_400))
LUFS, PEAK_DBTP = (-24.0, -12.0), (-6.0, -0.5)
_FIELDS = ("name", "kind", "width", "height", "fit", "reframe", "maxLengthS", "video", "audio", "lettering")
_FILES = {"video": ("mp4", "video/mp4"), "still": ("jpg", "image/jpeg")}


class BadPreset(BadInput):
    """The preset cannot be used as it is."""

    code = "bad_preset"


def read_preset(wire: Mapping[str, Any]) -> Preset:
    """Return the preset that `wire` says. Raises BadPreset naming the field, the fact and the remedy."""
    _only(wire, _FIELDS, "")
    name = wire.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadPreset(f"{name!r} is not a preset's name", subject="name",
                        remedy="Use 1 to 40 of a-z, 0-9 and _, starting with a letter.")  # fmt: skip
    kind = _choice(wire, "kind", tuple(_FILES), "video")
    width, height = (_whole(wire, side, SIDE, None) for side in ("width", "height"))
    if width % 2 or height % 2:
        raise BadPreset(f"{width} x {height} has an odd side", subject="width", remedy="Use even numbers of pixels.")
    if width * height > PIXELS:
        raise BadPreset(f"{width} x {height} has more than {PIXELS} pixels", subject="width", remedy="Make it smaller.")
    fit = _choice(wire, "fit", ("pad", "crop"), "pad")
    reframe = _choice(wire, "reframe", ("centre", "subject"), "centre")
    if reframe == "subject" and fit == "pad":
        raise BadPreset("with fit 'pad' the whole picture is shown, so nothing is reframed", subject="reframe",
                        remedy="Use fit 'crop', or leave reframe out.")  # fmt: skip
    if kind == "still":
        for field in ("maxLengthS", "video", "audio", "lettering"):
            if wire.get(field) is not None:
                raise BadPreset("a still has none", subject=field, remedy="Leave it out, or make the kind 'video'.")
        video, audio, length, lettering = None, None, None, NOTHING
    else:
        video, audio = _video(_part(wire, "video")), _audio(_part(wire, "audio"))
        length = None if wire.get("maxLengthS") is None else _exact(wire, "maxLengthS", LENGTH_S, None)
        lettering = _lettering(_part(wire, "lettering"), style_of_shape(width, height))
    return Preset(name, width, height, fit, *_FILES[kind], length, video, audio, reframe, lettering)  # type: ignore[arg-type]


def preset_to_wire(preset: Preset) -> dict[str, Any]:
    """Return the written form; reading it gives an equal preset."""
    wire: dict[str, Any] = {
        "name": preset.name, "kind": "still" if preset.is_still else "video", "width": preset.width,
        "height": preset.height, "fit": preset.fit, "reframe": preset.reframe,
    }  # fmt: skip
    if preset.max_length_s is not None:
        wire["maxLengthS"] = _number(preset.max_length_s)
    if preset.video is not None:
        video = preset.video
        wire["video"] = {"speed": video.speed, "crf": video.crf, "gopS": _number(video.gop_s)}
        if video.smart_copy:
            wire["video"]["smartCopy"] = True
    if not preset.is_still:
        style = preset.lettering
        wire["lettering"] = {"captions": style.captions, "karaoke": style.karaoke, "chapters": style.chapters,
                             "lineCharacters": style.line_characters}  # fmt: skip
    if preset.audio is not None:
        audio = preset.audio
        wire["audio"] = {"bitRate": audio.bit_rate, "targetLufs": audio.target_lufs,
                         "maxTruePeakDbtp": audio.max_true_peak_dbtp}  # fmt: skip
    return wire


def preset_sha256(preset: Preset) -> str:
    """Return the SHA-256 over the written form: what a job pins."""
    return inputs_hash(preset_to_wire(preset))


def _video(wire: Mapping[str, Any]) -> VideoCodec:
    _only(wire, ("speed", "crf", "gopS", "smartCopy"), "video.")
    smart_copy = wire.get("smartCopy", False)
    if not isinstance(smart_copy, bool):
        raise BadPreset(f"{smart_copy!r} is neither true nor false", subject="video.smartCopy")
    return VideoCodec(
        speed=_choice(wire, "speed", SPEEDS, VideoCodec().speed, "video."),
        crf=_whole(wire, "crf", CRF, VideoCodec().crf, "video."),
        gop_s=_exact(wire, "gopS", GOP_S, VideoCodec().gop_s, "video."),
        smart_copy=smart_copy,
    )


def _audio(wire: Mapping[str, Any]) -> AudioCodec:
    _only(wire, ("bitRate", "targetLufs", "maxTruePeakDbtp"), "audio.")
    standard = AudioCodec()
    bit_rate = wire.get("bitRate", standard.bit_rate)
    if bit_rate not in BIT_RATES or isinstance(bit_rate, bool):
        raise BadPreset(f"{bit_rate!r} is not among the bit rates", subject="audio.bitRate", remedy=_one_of(BIT_RATES))
    target, peak = standard.target_lufs, standard.max_true_peak_dbtp
    return AudioCodec(
        bit_rate=int(bit_rate),
        target_lufs=float(_exact(wire, "targetLufs", LUFS, Fraction(str(target)), "audio.")),
        max_true_peak_dbtp=float(_exact(wire, "maxTruePeakDbtp", PEAK_DBTP, Fraction(str(peak)), "audio.")),
    )


def _lettering(wire: Mapping[str, Any], standard: LetteringStyle) -> LetteringStyle:
    """Read what is written on the picture; what is not said is what a picture of this shape has."""
    _only(wire, ("captions", "karaoke", "chapters", "lineCharacters"), "lettering.")
    karaoke = wire.get("karaoke", standard.karaoke)
    if not isinstance(karaoke, bool):
        raise BadPreset(f"{karaoke!r} is neither true nor false", subject="lettering.karaoke")
    return LetteringStyle(
        captions=cast(Captions, _choice(wire, "captions", get_args(Captions), standard.captions, "lettering.")),
        karaoke=karaoke,
        chapters=cast(Chapters, _choice(wire, "chapters", get_args(Chapters), standard.chapters, "lettering.")),
        line_characters=_whole(wire, "lineCharacters", LINE_CHARACTERS, standard.line_characters, "lettering."),
    )


def _part(wire: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    part = wire.get(field)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise BadPreset("it is not a group of settings", subject=field)
    return part


def _only(wire: Mapping[str, Any], allowed: Sequence[str], prefix: str) -> None:
    for field in wire:
        if field not in allowed:
            raise BadPreset("there is no such setting", subject=f"{prefix}{field}", remedy=_one_of(allowed))


def _choice(wire: Mapping[str, Any], field: str, allowed: Sequence[str], standard: str, prefix: str = "") -> str:
    value = wire.get(field, standard)
    if value not in allowed:
        raise BadPreset(f"{value!r} is not allowed", subject=prefix + field, remedy=_one_of(allowed))
    return str(value)


def _whole(wire: Mapping[str, Any], field: str, bounds: tuple[int, int], standard: int | None, prefix: str = "") -> int:
    value = wire.get(field, standard)
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        raise BadPreset(f"{value!r} is not a whole number from {bounds[0]} to {bounds[1]}", subject=prefix + field)
    return value


def _exact(
    wire: Mapping[str, Any], field: str, bounds: tuple[Any, Any], standard: Fraction | None, prefix: str = ""
) -> Fraction:
    value = wire.get(field, standard)
    good = isinstance(value, int | float | Fraction) and not isinstance(value, bool) and bounds[0] <= value <= bounds[1]
    if not good:  # NaN fails both comparisons, infinity one
        low, high = (f"{float(bound):g}" for bound in bounds)
        raise BadPreset(f"{value!r} is not a number from {low} to {high}", subject=prefix + field)
    return Fraction(str(value))


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _one_of(allowed: Sequence[object]) -> str:
    return "Use one of " + ", ".join(map(str, allowed)) + "."
