"""Turn one decoded picture into a JPEG of the preset's size, in the colours that the videos show."""

import asyncio
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from ruach_studio.infra.media import run
from ruach_studio.render.colour import Conversion709
from ruach_studio.render.plan.crop import crop_box
from ruach_studio.render.presets import Preset
from ruach_studio.render.recolour import recoloured, told

JPEG_QUALITY = 90
_UNSPECIFIED = 2
_HD_LINES = 720


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture as decoded, the shape of its pixels (width by height), how its colours become BT.709."""

    picture: VideoFrame
    shape: float
    colour: Conversion709


async def write_still(shot: Shot, preset: Preset, subject_x: Fraction, path: Path, cancelled: asyncio.Event) -> None:
    """Write `path`, whole or not at all. Raises MediaFailure, Cancelled."""
    part = path.with_suffix(".part")
    try:
        if shot.colour.conversion in ("tone-map", "primaries"):
            image = await _recoloured(shot, path, cancelled)
        else:
            image = await asyncio.to_thread(_image, shot.picture)
        await asyncio.to_thread(_save, _upright(image, shot), preset, subject_x, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _save(image: Image.Image, preset: Preset, subject_x: Fraction, path: Path) -> None:
    fitted = _fitted(image, preset, subject_x)
    fitted.save(path, format="JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)


def _image(picture: VideoFrame) -> Image.Image:
    """Return the picture in colours by its own matrix (HD without one: BT.709)."""
    known = picture.colorspace != _UNSPECIFIED
    matrix = None if known else Colorspace.ITU709 if picture.height >= _HD_LINES else Colorspace.ITU601
    return Image.fromarray(picture.reformat(format="rgb24", src_colorspace=matrix).to_ndarray())


async def _recoloured(shot: Shot, path: Path, cancelled: asyncio.Event) -> Image.Image:
    """Return the picture as the videos show it: through the same filters, which the library that decodes does not have."""
    film, still = path.with_suffix(".part.nut"), path.with_suffix(".part.png")
    full = "setparams=range=pc," if int(shot.picture.color_range) == ColorRange.JPEG else ""
    shown = "scale=in_color_matrix=bt709:in_range=tv:out_range=pc,format=rgb24"
    try:
        await asyncio.to_thread(_put, shot.picture, film)
        filters = f"{full}{told(shot.colour)}{recoloured(shot.colour)}{shown}"
        await run(["-i", str(film), "-vf", filters, "-frames:v", "1", "-y", str(still)], cancelled=cancelled)
        return await asyncio.to_thread(_opened, still)
    finally:
        film.unlink(missing_ok=True)
        still.unlink(missing_ok=True)


def _put(picture: VideoFrame, path: Path) -> None:
    with av.open(str(path), "w", format="nut") as out:
        stream = out.add_stream("rawvideo", rate=1)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, picture.format.name
        picture.pts, picture.time_base = 0, Fraction(1)
        out.mux(stream.encode(picture))
        out.mux(stream.encode(None))


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _upright(image: Image.Image, shot: Shot) -> Image.Image:
    """Return the image as a viewer sees it: upright, square pixels."""
    if shot.shape != 1:
        image = image.resize((round(image.width * shot.shape), image.height))
    return image.rotate(shot.picture.rotation, expand=True) if shot.picture.rotation else image


def _fitted(image: Image.Image, preset: Preset, subject_x: Fraction) -> Image.Image:
    """Return the image at the preset's size: all of it on a black ground, or cropped around the subject."""
    if preset.fit == "crop":
        x, y, width, height = crop_box(image.width, image.height, preset, subject_x)
        cropped = image.crop((x, y, x + width, y + height))
        return cropped.resize((preset.width, preset.height), Image.Resampling.LANCZOS)
    part = min(preset.width / image.width, preset.height / image.height)
    size = (max(1, round(image.width * part)), max(1, round(image.height * part)))
    ground = Image.new("RGB", (preset.width, preset.height))
    scaled = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
    ground.paste(scaled, ((preset.width - size[0]) // 2, (preset.height - size[1]) // 2))
    return ground
