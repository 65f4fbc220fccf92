"""Peaks: every zoom holds every peak, whatever sizes the sound comes in, and the header finds each zoom."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.render.waveform import FINEST, MAGIC, PeaksBuilder, coarser, header, zooms


def build(samples, sizes=()):
    builder, parts, at = PeaksBuilder(samples.shape[1]), [], 0
    for size in (*sizes, len(samples)):
        parts.append(builder.feed(samples[at : at + size]))
        at = min(len(samples), at + size)
    return np.concatenate([*parts, builder.finish()])


@given(sizes=st.lists(st.integers(0, 3000), max_size=9), count=st.integers(1, 9000), channels=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_the_sizes_of_the_feeds_do_not_matter(sizes, count, channels):
    samples = np.random.default_rng(count).uniform(-1, 1, (count, channels)).astype(np.float32)
    pixels = build(samples, sizes)
    np.testing.assert_array_equal(pixels, build(samples))
    assert pixels.shape == (-(-count // FINEST), channels, 2)


def test_every_zoom_shows_a_single_loud_sample():
    samples = np.zeros((FINEST * 4100 + 7, 2), np.float32)
    samples[123_456, 1], samples[654_321, 0] = 0.5, -1.0
    level = build(samples)
    for per_pixel, pixels in zooms(len(samples), 2):
        assert len(level) == pixels
        assert level[123_456 // per_pixel, 1].tolist() == [0, 64]  # rounded up
        assert level[654_321 // per_pixel, 0].tolist() == [-127, 0]
        assert np.count_nonzero(level) == 2
        level = coarser(level)


def test_lows_are_rounded_down_and_highs_up():
    assert build(np.array([[-0.41], [0.41]], np.float32)).tolist() == [[[-53, 53]]]  # 52.07


def test_no_number_and_beyond_full_scale_stay_in_range():
    samples = np.array([[np.nan], [np.inf], [-np.inf], [3.0]], np.float32)
    assert build(samples).tolist() == [[[-127, 127]]]
    assert build(np.full((10, 1), np.nan, np.float32)).tolist() == [[[0, 0]]]


def test_the_header_finds_every_zoom():
    head, placed = header(48000, 2, 48000 * 3600)
    assert head[:4] == MAGIC
    length = int.from_bytes(head[4:8], "little")
    said = json.loads(head[8:])
    assert (len(head), length % 4) == (8 + length, 0)
    assert [zoom["samplesPerPixel"] for zoom in said["zooms"]] == [256, 1024, 4096, 16384, 65536, 262144]
    at = len(head)
    for zoom, told in zip(placed, said["zooms"], strict=True):
        assert (zoom.offset, zoom.size) == (told["offset"], told["bytes"]) == (at, zoom.pixels * 4)
        at += zoom.size
