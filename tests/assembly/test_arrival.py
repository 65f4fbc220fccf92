"""Arrival times of a sound that a second microphone hears 5 ms later, and the same bytes however many threads make them."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from ruach_studio.assembly import arrival, arrival_evidence
from ruach_studio.assembly.arrival import ArrivalMatrix, arrival_matrix
from ruach_studio.assembly.arrival_evidence import arrivals
from ruach_studio.assembly.digest import PCM_RATE, AudioDigest
from ruach_studio.assembly.sync import Placement
from ruach_studio.assembly.usecases.digest_files import StoredArray, put_aside

SECONDS, LATE = 30, 40


def digest(pcm):
    return AudioDigest(PCM_RATE, 1, len(pcm) / PCM_RATE, pcm, np.zeros((len(pcm) * 100 // PCM_RATE, 1), np.float32))


def test_who_hears_it_later_has_the_positive_lag_in_any_number_of_threads_and_parts(tmp_path, monkeypatch):
    noise = np.random.default_rng(4).normal(0, 2000, SECONDS * PCM_RATE + LATE).astype(np.int16)
    far = noise[:-LATE].copy()
    far[: 10 * PCM_RATE] = 0
    tracks = {"near": [digest(noise[LATE:])], "far": [digest(far)], "deaf": [digest(np.zeros_like(far))]}
    places = [Placement(name, 0, 0.0, 0.0, 1.0, "looks-good", 0.0) for name in tracks]
    alone = arrival_matrix(tracks, places, ["far", "near", "deaf"], SECONDS)
    assert alone.pairs == (("far", "near"), ("far", "deaf"), ("near", "deaf"))
    first = alone.peaks[105:-5, 0, 0]  # highest peak, from 400 ms after the far one begins
    assert np.all(first[:, 0] == 1000 * LATE / PCM_RATE)
    assert first[:, 1].min() > 0.8
    assert not alone.peaks[:95, 0].any(), "one of both is silent"
    assert not alone.peaks[:, 1:].any()
    with ThreadPoolExecutor(3) as pool:
        shared = arrival_matrix(tracks, places, ["far", "near", "deaf"], SECONDS, each=pool.map)
    assert shared.sha256 == alone.sha256
    monkeypatch.setattr(arrival, "PART_WINDOWS", 128)
    with ThreadPoolExecutor(3) as pool:
        aside = arrival_matrix(
            tracks, places, ["far", "near", "deaf"], SECONDS, each=pool.map, shelf=partial(put_aside, tmp_path)
        )
    assert len(aside.peaks) == 300
    assert aside.sha256 == alone.sha256
    assert np.array_equal(np.asarray(aside.peaks), alone.peaks)
    assert np.array_equal(aside.peaks[100:299], alone.peaks[100:299])
    assert aside.peaks[300:300].shape == (0, 3, 3, 2)


def test_on_disk_and_in_pieces_the_evidence_is_the_same_to_the_bit(tmp_path, monkeypatch):
    random = np.random.default_rng(9)
    speaks = random.integers(0, 3, 9000)
    lag_ms = np.array([[-3.0, -4.0, 0.5], [3.0, 0.25, -2.5], [0.5, 4.0, 3.0]])[speaks]  # by pair (a, b), (a, c), (b, c)
    peaks = np.zeros((9000, 3, 3, 2), np.float32)
    peaks[..., 0] = lag_ms[:, :, None] + random.integers(-1, 2, peaks.shape[:3]) * 0.125
    peaks[..., 1] = np.sort(random.uniform(0.05, 0.6, peaks.shape[:3]))[..., ::-1]
    pairs = (("a", "b"), ("a", "c"), ("b", "c"))
    memory, disk = ArrivalMatrix(pairs, peaks), ArrivalMatrix(pairs, put_aside(tmp_path, peaks))
    assert isinstance(disk.peaks, StoredArray)
    assert disk.peaks.shape == peaks.shape
    monkeypatch.setattr(arrival_evidence, "_PIECE", len(peaks))
    whole, whole_hash = arrivals(memory, ["a", "b", "c"]), memory.sha256
    two = arrivals(memory, ["a", "c"])
    monkeypatch.setattr(arrival_evidence, "_PIECE", 777)
    monkeypatch.setattr(arrival, "_AT_ONCE", 777)
    found = arrivals(disk, ["a", "b", "c"])
    assert disk.sha256 == whole_hash
    assert np.array_equal(found.strength, whole.strength)
    assert np.array_equal(found.lags_ms, whole.lags_ms)
    assert found.lags_ms[0, 0] == -3.0
    assert found.lags_ms[1, 0] == 3.0
    assert np.array_equal(arrivals(disk, ["a", "c"]).strength, two.strength)
