"""The digest: 8 kHz in step with the original, power per 10 ms exact, whatever the sizes it is fed in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.digest import DigestBuilder, block_ends


def build(samples, sizes):
    builder = DigestBuilder(48000, samples.shape[1])
    chunks, start = [], 0
    for size in (*sizes, len(samples)):
        chunks.append(builder.feed(samples[start : start + size]))
        start = min(len(samples), start + size)
    chunks.append(builder.finish())
    return builder, np.concatenate([c.pcm8k for c in chunks]), np.concatenate([c.power10ms for c in chunks])


@given(sizes=st.lists(st.integers(0, 4000), max_size=12), count=st.integers(1, 20000), channels=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_the_sizes_of_the_feeds_do_not_matter(sizes, count, channels):
    samples = np.random.default_rng(count).normal(0, 0.1, (count, channels)).astype(np.float32)
    builder, pcm, power = build(samples, sizes)
    _, whole_pcm, whole_power = build(samples, [])
    assert builder.position == count
    assert len(pcm) == round(count / 6)
    assert len(power) == -(-count // 480)
    np.testing.assert_allclose(power, whole_power, rtol=1e-6)
    assert np.abs(pcm.astype(int) - whole_pcm).max(initial=0) <= 1


@pytest.mark.parametrize("rate", [48000, 44100, 22050, 96000, 32000])
def test_the_8_khz_track_is_in_step_with_the_original(rate):
    """A click at 1.5 s lies at 1.5 s: the resampler's delay is taken out."""
    samples = np.zeros((3 * rate, 1), np.float32)
    samples[round(1.5 * rate)] = 0.9
    builder = DigestBuilder(rate, 1)
    chunks = [builder.feed(samples[i : i + 1000]) for i in range(0, len(samples), 1000)] + [builder.finish()]
    pcm = np.concatenate([c.pcm8k for c in chunks]).astype(float)
    assert len(pcm) == 24000
    centre = (np.arange(24000) * pcm**2).sum() / (pcm**2).sum()
    assert centre == pytest.approx(12000, abs=0.5)


def test_int16_and_float_are_the_same_sound():
    whole = np.random.default_rng(0).integers(-20000, 20000, (4800, 2)).astype(np.int16)
    _, pcm, power = build(whole, [])
    _, pcm_float, power_float = build(whole.astype(np.float32) / 32768, [])
    np.testing.assert_allclose(power, power_float, rtol=1e-6)
    np.testing.assert_array_equal(pcm, pcm_float)


def test_power_is_the_mean_square_of_each_channel():
    samples = np.stack([np.full(960, 0.5), np.full(960, -0.25)], axis=1).astype(np.float32)
    _, _, power = build(samples, [])
    np.testing.assert_allclose(power, [[0.25, 0.0625]] * 2, rtol=1e-6)


def test_blocks_of_a_rate_that_100_does_not_divide_stay_within_a_sample():
    ends = block_ends(0, 1000, 11025)
    assert np.abs(ends - np.arange(1, 1001) * 110.25).max() <= 0.5
    assert ends[-1] == 110250


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        DigestBuilder(48000, 2).feed(np.zeros((10, 1), np.float32))


def test_a_gap_is_silent_in_pcm_and_nan_in_power():
    builder = DigestBuilder(48000, 1)
    loud = np.full((4800, 1), 0.5, np.float32)
    chunks = [builder.feed(loud), *builder.feed_gap(48000 * 5), builder.feed(loud), builder.finish()]
    power = np.concatenate([c.power10ms for c in chunks])[:, 0]
    pcm = np.concatenate([c.pcm8k for c in chunks])
    assert np.isnan(power).tolist() == [False] * 10 + [True] * 500 + [False] * 10
    assert not pcm[1600:39000].any()
    assert len(pcm) == 800 * 2 + 40000


def test_a_short_clip_is_looked_at_every_second_a_long_one_every_fourth():
    rate, rng = 48000, np.random.default_rng(3)
    loud = rng.normal(0, 0.1, (rate, 1)).astype(np.float32)
    found = {}
    for spoken in (2, 75, 76, 77):
        builder = DigestBuilder(rate, 1)
        for second in range(90):
            builder.feed(loud if second == spoken else np.zeros((rate, 1), np.float32))
        found[spoken] = sum(builder.facts.spectrum) > 0
    assert found == {2: True, 75: True, 76: False, 77: False}
