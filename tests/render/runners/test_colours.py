"""Colour patches of known light, rendered: the numbers that come out against the standards' own formulas."""

import asyncio
from dataclasses import replace

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorRange
from PIL import Image

from ruach_studio.infra.media import FilterMissing, run
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases import derive_files
from ruach_studio.render.usecases.derive_files import derive
from ruach_studio.render.usecases.take_thumbnail import take_thumbnail

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)
PATCHES = [(0, 0, 0), (0.2, 0.2, 0.2), (1, 1, 1), (0.7, 0.1, 0.1), (0.1, 0.6, 0.1), (0.1, 0.1, 0.8), (0.8, 0.6, 0.45)]
KR_KB = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}
TO_709 = {  # linear light, from the primaries' and D65's coordinates
    "bt709": np.eye(3),
    "smpte170m": np.array(
        [[0.939543, 0.050182, 0.010275], [0.017772, 0.965793, 0.016435], [-0.001622, -0.004370, 1.005991]]
    ),
    "bt2020": np.array(
        [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
    ),
}


def yuv(rgb, matrix, depth=8):
    """Return limited-range codes (Y, Cb, Cr) of non-linear R'G'B'."""
    kr, kb = KR_KB[matrix]
    r, g, b = rgb
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    unit = 1 << (depth - 8)
    return (16 + 219 * y) * unit, (128 + 224 * cb) * unit, (128 + 224 * cr) * unit


def signal(light):
    """BT.1886: what a reference display needs to show this light."""
    return np.clip(light, 0, 1) ** (1 / 2.4)


def pq(nits):
    y = (np.asarray(nits, float) / 10000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)


def hlg(nits):
    """BT.2100's inverse OOTF for a display of 1,000 cd/m2 (gamma 1.2), then its OETF."""
    display = np.asarray(nits, float) / 1000
    luma = display @ np.array([0.2627, 0.6780, 0.0593])
    scene = display * (luma ** (1 / 1.2 - 1) if luma > 0 else 0)
    log = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), log)


def mobius(light, linear=0.3, peak=1000 / 203):
    """The brightest channel is bent, the others keep their proportion to it."""
    top = light.max()
    if top <= linear:
        return light
    a = -linear * linear * (peak - 1) / (linear * linear - 2 * linear + peak)
    b = (linear * linear - 2 * linear * peak + peak) / (peak - 1)
    bent = (b * b + 2 * b * linear + linear * linear) / (b - a) * (top + a) / (top + b)
    return light * bent / top


async def written(folder, patches, form, tags, rate="30"):
    """Write a film that holds each flat colour, given by its codes, for four frames."""
    path, raw = folder / "film.mkv", folder / "film.yuv"
    kind = np.uint8 if form == "yuv420p" else np.dtype("<u2")
    planes = [
        np.full(64 * 36 // (4 if i else 1), round(c), kind)
        for codes in patches
        for _ in range(4)
        for i, c in enumerate(codes)
    ]
    raw.write_bytes(b"".join(plane.tobytes() for plane in planes))
    source = ["-f", "rawvideo", "-pix_fmt", form, "-s", "64x36", "-r", rate, "-i", str(raw)]
    await run([*source, "-vf", f"setparams={tags}" if tags else "null", "-c:v", "ffv1", "-y", str(path)])
    return path


async def seen(film, count, make_edl, make_clip, folder):
    """Render the film of `count` colours; return the codes in each one's third frame, and the stream's tags."""
    plan = plan_render(make_edl([(4 * count, "A")], {"A": [make_clip(film, frames=4 * count)]}), WIDE)
    picture = await FfmpegRunner().render(plan, folder / "work", lambda _: None, asyncio.Event())
    with av.open(str(picture.path)) as opened:
        stream = opened.streams.video[0]
        frames = [frame.to_ndarray() for frame in opened.decode(stream)][2::4]
        codec = stream.codec_context
        tags = (codec.color_primaries, codec.color_trc, codec.colorspace)
    return [(f[90, 160], f[180 + 22, 40], f[225 + 22, 40]) for f in frames], tags


def farthest(found, wanted):
    """Return the largest distance in code values."""
    return np.abs(np.array(found, float) - np.array(wanted)).max(axis=1).round(1).tolist()


@pytest.mark.parametrize(
    ("matrix", "primaries", "tags"),
    [
        ("bt709", "bt709", "color_primaries=bt709:color_trc=bt709:colorspace=bt709"),
        ("smpte170m", "bt709", ""),
        ("smpte170m", "smpte170m", "color_primaries=smpte170m:color_trc=smpte170m:colorspace=smpte170m"),
        ("bt2020nc", "bt2020", "color_primaries=bt2020:color_trc=bt2020-10:colorspace=bt2020nc"),
    ],
)
async def test_standard_range_keeps_its_colours(matrix, primaries, tags, make_edl, make_clip, tmp_path):
    wanted = [yuv(signal(TO_709[primaries] @ np.array(rgb, float) ** 2.4), "bt709") for rgb in PATCHES]
    film = await written(tmp_path, [yuv(rgb, matrix) for rgb in PATCHES], "yuv420p", tags)
    found, told = await seen(film, len(PATCHES), make_edl, make_clip, tmp_path)
    assert max(farthest(found, wanted)) <= 3, farthest(found, wanted)
    assert told == (1, 1, 1)


NITS = [
    (0, 0, 0),
    (1, 1, 1),
    (50, 50, 50),
    (203, 203, 203),
    (1000, 1000, 1000),
    (150, 40, 20),
    (20, 90, 30),
    (4000, 4000, 4000),
]


@pytest.mark.parametrize(("curve", "name", "patches"), [(pq, "smpte2084", NITS), (hlg, "arib-std-b67", NITS[:-1])])
async def test_high_dynamic_range_is_mapped_by_the_rule(curve, name, patches, make_edl, make_clip, tmp_path):
    light = [np.array(nits, float) for nits in patches]
    mapped = [mobius(np.maximum(TO_709["bt2020"] @ (each / 203), 0)) for each in light]
    wanted = [yuv(signal(each), "bt709") for each in mapped]
    tags = f"color_primaries=bt2020:color_trc={name}:colorspace=bt2020nc"
    film = await written(tmp_path, [yuv(curve(each), "bt2020nc", 10) for each in light], "yuv420p10le", tags)
    found, told = await seen(film, len(patches), make_edl, make_clip, tmp_path)
    assert max(farthest(found, wanted)) <= 4, farthest(found, wanted)
    assert told == (1, 1, 1)


@pytest.mark.parametrize(("curve", "name"), [(pq, "smpte2084"), (hlg, "arib-std-b67")])
@pytest.mark.parametrize("nits", [(203, 203, 203), (150, 40, 20), (20, 90, 30)])
async def test_a_still_of_high_dynamic_range_has_the_videos_colours(curve, name, nits, make_edl, make_clip, tmp_path):
    light = np.array(nits, float)
    wanted = 255 * signal(mobius(np.maximum(TO_709["bt2020"] @ (light / 203), 0)))
    tags = f"color_primaries=bt2020:color_trc={name}:colorspace=bt2020nc"
    film = await written(tmp_path, [yuv(curve(light), "bt2020nc", 10)] * 15, "yuv420p10le", tags)
    plan = plan_render(make_edl([(60, "A")], {"A": [make_clip(film, frames=60)]}), PRESETS["thumbnail"])
    made = await take_thumbnail(plan, tmp_path / "still.jpg", asyncio.Event())
    with Image.open(made.path) as image:
        found = np.array(image.getpixel((960, 540)), float)
    assert np.abs(found - wanted).max() <= 5, (found, wanted)
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.parametrize(("curve", "name", "patches"), [(pq, "smpte2084", NITS), (hlg, "arib-std-b67", NITS[:-1])])
async def test_proxy_and_thumbnails_of_high_dynamic_range_have_the_videos_colours(curve, name, patches, tmp_path):
    light = [np.array(nits, float) for nits in patches]
    shown = [signal(mobius(np.maximum(TO_709["bt2020"] @ (each / 203), 0))) for each in light]
    tags = f"color_primaries=bt2020:color_trc={name}:colorspace=bt2020nc"
    film = await written(tmp_path, [yuv(curve(each), "bt2020nc", 10) for each in light], "yuv420p10le", tags, rate="4")
    proxy, sheet = [await derive(film, kind, tmp_path / "out") for kind in ("proxy", "thumbnails")]
    with av.open(str(proxy.folder / "proxy.mp4")) as opened:
        stream = opened.streams.video[0]
        pictures = [frame.to_ndarray() for frame in opened.decode(stream)][2::4]
        codec = stream.codec_context
        assert (codec.color_primaries, codec.color_trc, codec.colorspace) == (1, 1, 1)
        assert codec.color_range == ColorRange.MPEG
    found = [(picture[18, 32], picture[36 + 4, 16], picture[45 + 4, 16]) for picture in pictures]
    assert max(farthest(found, [yuv(each, "bt709") for each in shown])) <= 4, farthest(found, shown)
    assert (sheet.facts["everyMs"], sheet.facts["count"]) == (1000, len(patches))
    with Image.open(sheet.folder / "sheet-000.jpg") as image:
        tiles = [image.convert("RGB").getpixel((160 * k + 80, 45)) for k in range(len(patches))]
    assert max(farthest(tiles, [255 * each for each in shown])) <= 5, (tiles, shown)


@pytest.mark.parametrize(
    ("matrix", "primaries", "tags"),
    [
        ("bt709", "bt709", "color_primaries=bt709:color_trc=bt709:colorspace=bt709"),
        ("smpte170m", "bt709", ""),
        ("bt2020nc", "bt2020", "color_primaries=bt2020:color_trc=bt2020-10:colorspace=bt2020nc"),
    ],
)
async def test_thumbnails_of_standard_range_keep_their_colours(matrix, primaries, tags, tmp_path):
    wanted = [255 * signal(TO_709[primaries] @ np.array(rgb, float) ** 2.4) for rgb in PATCHES]
    film = await written(tmp_path, [yuv(rgb, matrix) for rgb in PATCHES], "yuv420p", tags, rate="4")
    sheet = await derive(film, "thumbnails", tmp_path / "out")
    with Image.open(sheet.folder / "sheet-000.jpg") as image:
        tiles = [image.convert("RGB").getpixel((160 * k + 80, 45)) for k in range(len(PATCHES))]
    assert max(farthest(tiles, wanted)) <= 5, (tiles, wanted)


async def test_thumbnails_of_a_wider_gamut_name_the_filter_that_is_missing(monkeypatch, tmp_path):
    def missing(name):
        raise FilterMissing(name, subject=name)

    monkeypatch.setattr(derive_files, "check_filter", missing)
    tags = "color_primaries=bt2020:color_trc=bt2020-10:colorspace=bt2020nc"
    film = await written(tmp_path, [yuv(rgb, "bt2020nc") for rgb in PATCHES], "yuv420p", tags, rate="4")
    with pytest.raises(FilterMissing, match="zscale"):
        await derive(film, "thumbnails", tmp_path / "out")
    assert (await derive(film, "proxy", tmp_path / "out")).folder.is_dir()  # a proxy keeps its gamut, and tags it


LIGHT = {Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL}


async def test_what_is_made_of_hdr10_says_nothing_of_a_mastering_display(make_edl, make_clip, tmp_path):
    film, tags = tmp_path / "film.mp4", "color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
    source = ["-f", "lavfi", "-i", f"color=c=gray:s=64x36:r=30:d=0.5,format=yuv420p10le,setparams={tags}:range=tv"]
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    x265 = f"log-level=none:hdr10=1:master-display={display}:max-cll=1000,400"
    await run([*source, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", x265, str(film)])
    proxy = await derive(film, "proxy", tmp_path / "out")
    plan = plan_render(make_edl([(15, "A")], {"A": [make_clip(film, frames=15)]}), WIDE)
    picture = await FfmpegRunner().render(plan, tmp_path / "work", lambda _: None, asyncio.Event())
    said = []
    for path in (film, proxy.folder / "proxy.mp4", picture.path):
        with av.open(str(path)) as opened:
            first = next(opened.decode(video=0))
            said.append({kind for kind in LIGHT if kind in first.side_data})
    assert said == [LIGHT, set(), set()]


async def test_a_screen_recording_in_rgb_gets_the_matrix_of_hd(make_edl, make_clip, tmp_path):
    film = tmp_path / "screen.mkv"
    await run(["-f", "lavfi", "-i", "color=c=0xB31919:s=64x36:r=30:d=0.3,format=gbrp", "-c:v", "ffv1", str(film)])
    found, told = await seen(film, 2, make_edl, make_clip, tmp_path)
    assert max(farthest(found, [yuv(np.array([0xB3, 0x19, 0x19]) / 255, "bt709")] * 2)) <= 2, found
    assert told == (1, 1, 1)
