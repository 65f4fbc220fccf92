"""Sync works in blocks; a block's edge must not be heard."""

import numpy as np
import pytest

from ruach_studio.assembly import sync_coarse, sync_features
from ruach_studio.assembly.digest import PCM_RATE
from ruach_studio.assembly.usecases.digest_files import StoredArray, put_aside


def noise(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(5)
    loud = np.repeat(rng.uniform(0.0, 1.0, round(seconds * 5)) ** 2, PCM_RATE // 5)
    return (3000 * loud * rng.standard_normal(len(loud))).astype(np.int16)


@pytest.mark.parametrize("frames", [60, 333])
def test_band_levels_do_not_depend_on_the_block(monkeypatch, frames):
    whole = sync_features.band_features(noise(50))
    monkeypatch.setattr(sync_features, "_CHUNK_FRAMES", frames)
    np.testing.assert_allclose(sync_features.band_features(noise(50)), whole, rtol=0, atol=1e-6)


def test_band_levels_in_parts_on_disk_are_the_same_to_the_bit(monkeypatch, tmp_path):
    monkeypatch.setattr(sync_features, "_CHUNK_FRAMES", 128)
    monkeypatch.setattr(sync_features, "PART_FRAMES", 1024)
    whole = sync_features.band_features(noise(50))
    kept = []

    def shelf(levels):
        kept.append(len(levels))
        return put_aside(tmp_path, levels)

    parts = sync_features.band_features(noise(50), shelf)
    assert kept == [1024, 1024, 451] * 2
    assert len(parts) == len(whole) == 2499
    np.testing.assert_array_equal(np.asarray(parts), whole)
    np.testing.assert_array_equal(parts[1000:2100], whole[1000:2100])
    np.testing.assert_array_equal(sync_features.band_features(noise(20), shelf)[:], sync_features.band_features(noise(20)))


@pytest.mark.parametrize(("first", "last"), [(0, 40), (70, 110), (99, 120)])
def test_a_segment_is_found_across_the_edges_of_the_blocks(monkeypatch, first, last):
    reference = sync_features.band_features(noise(120))
    query = sync_features.band_features(noise(120)[first * PCM_RATE : last * PCM_RATE])
    whole = sync_coarse.segment_peaks(query, reference)
    monkeypatch.setattr(sync_coarse, "_BLOCK_FRAMES", 3200)
    pieces = sync_coarse.segment_peaks(query, reference)
    assert [p.lag_s for p in pieces] == pytest.approx([p.lag_s for p in whole], abs=1e-5)
    assert [p.z for p in pieces] == pytest.approx([p.z for p in whole], abs=1e-3)
    assert max(pieces, key=lambda p: p.z).lag_s == pytest.approx(first, abs=2e-3)


def test_searching_in_small_blocks_and_from_disk_gives_the_very_same_peaks(monkeypatch, tmp_path):
    reference, query = sync_features.band_features(noise(120)), sync_features.band_features(noise(120)[70 * PCM_RATE :])
    whole = sync_coarse.segment_peaks(query, reference)
    assert len(whole) == 9
    stored = [put_aside(tmp_path, levels) for levels in (query, reference)]
    assert all(isinstance(levels, StoredArray) for levels in stored)
    assert sync_coarse.segment_peaks(*stored) == whole
    shelved = []

    def shelf(rows):
        shelved.append(rows.shape)
        return put_aside(tmp_path, rows)

    assert sync_coarse.segment_peaks(*stored, shelf) == whole
    assert not shelved  # a short reference stays in memory
    with monkeypatch.context() as small:
        small.setattr(sync_coarse, "_BLOCK_FRAMES", 3200)
        cut = sync_coarse.segment_peaks(*stored)
        small.setattr(sync_coarse, "_BLOCKS_TOGETHER", 2)
        assert sync_coarse.segment_peaks(*stored, shelf) == cut
    assert [rows for rows, _ in shelved] == [2, 2, 1]
    energy, score = sync_coarse._running_energy(reference), np.round(reference[:, 0] * 2)  # many are equal
    tops = sync_coarse._tops(score, 0)
    monkeypatch.setattr(sync_coarse, "_BLOCK_FRAMES", 333)
    np.testing.assert_array_equal(sync_coarse._running_energy(stored[1]), energy)
    pieces = [sync_coarse._tops(score, start) for start in range(0, len(score), 333)]
    np.testing.assert_array_equal(np.concatenate(pieces), tops)
