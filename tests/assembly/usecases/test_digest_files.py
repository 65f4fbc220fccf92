"""Arrays that stay on disk: the same numbers as in memory, in parts, and none of their pages kept."""

import os

import numpy as np
import pytest

from ruach_studio.assembly.digest import AudioDigest, in_parts
from ruach_studio.assembly.sync_track import Track
from ruach_studio.assembly.usecases.digest_files import StoredArray, put_aside


@pytest.fixture
def stored(tmp_path):
    values = np.random.default_rng(1).integers(-30_000, 30_000, 300_000).astype(np.int16)
    values.tofile(tmp_path / "values")
    return values, StoredArray(tmp_path / "values", np.int16)


def test_any_slice_is_what_the_array_has_there(stored):
    values, array = stored
    assert (len(array), array.shape, array.size, array.ndim) == (300_000, (300_000,), 300_000, 1)
    for part in (slice(0, 10), slice(250_000, 400_000), slice(-5, None), slice(9, 3), slice(None, None)):
        np.testing.assert_array_equal(array[part], values[part])
    np.testing.assert_array_equal(np.asarray(array), values)
    np.testing.assert_array_equal(np.concatenate(list(in_parts(array, 7_919))), values)


def test_rows_of_channels_keep_their_shape(tmp_path):
    values = np.arange(30, dtype=np.float32).reshape(10, 3)
    values.tofile(tmp_path / "values")
    array = StoredArray(tmp_path / "values", np.float32, 3)
    np.testing.assert_array_equal(array[4:6], values[4:6])
    assert array.shape == (10, 3)


def test_steps_are_refused_and_a_file_cut_short_is_named(stored, tmp_path):
    array = stored[1]
    with pytest.raises(TypeError, match="without a step"):
        array[::2]
    os.truncate(tmp_path / "values", 1_000)
    with pytest.raises(OSError, match=r"shorter than it was.*values"):
        array[:501]
    assert len(array[:500]) == 500


def test_a_removed_file_is_read_on_and_closed_with_its_array(stored, tmp_path):
    array = StoredArray(tmp_path / "values", np.int16)
    (tmp_path / "values").unlink()
    np.testing.assert_array_equal(array[1_000:2_000], stored[0][1_000:2_000])
    fd = array._fd
    del array
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_what_is_put_aside_leaves_no_name_and_stays_in_memory_if_it_must(tmp_path):
    values = np.random.default_rng(3).normal(size=(1_000, 6)).astype(np.float32)
    aside = put_aside(tmp_path, values)
    assert isinstance(aside, StoredArray)
    np.testing.assert_array_equal(aside[300:400], values[300:400])
    assert list((tmp_path / "digests").iterdir()) == []
    (tmp_path / "file").touch()
    assert put_aside(tmp_path / "file", values) is values


def test_a_tracks_rank_is_the_same_in_parts_as_in_one_piece():
    pcm = np.random.default_rng(2).integers(-30_000, 30_000, 1_000_003).astype(np.int16)
    sums = int(np.abs(pcm[::101].astype(np.int64)).sum()), int(pcm[::103].astype(np.int64).sum())
    assert Track(AudioDigest(8000, 1, 125.0, pcm, np.zeros((0, 1), np.float32))).rank == (1_000_003, *sums)


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="Linux tells what is resident")
def test_a_glance_at_every_second_keeps_no_page(tmp_path):
    with (tmp_path / "hours").open("wb") as file:
        file.truncate(4 * 3600 * 8000 * 2)  # four hours; a hole takes no disk
    array, before_kb = StoredArray(tmp_path / "hours", np.int16), _resident_kb()
    assert sum(int(array[at : at + 80].sum()) for at in range(0, len(array), 8000)) == 0
    assert _resident_kb() - before_kb < 4_000  # mapped, it would be 115,000 and more


def _resident_kb():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))
