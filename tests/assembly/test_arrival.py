"""Arrival times of a sound that a second microphone hears 5 ms later, and the same bytes however many threads make them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ruach_studio.assembly.arrival import arrival_matrix
from ruach_studio.assembly.digest import PCM_RATE, AudioDigest
from ruach_studio.assembly.sync import Placement

SECONDS, LATE = 30, 40


def digest(pcm):
    return AudioDigest(PCM_RATE, 1, len(pcm) / PCM_RATE, pcm, np.zeros((len(pcm) * 100 // PCM_RATE, 1), np.float32))


def test_who_hears_it_later_has_the_positive_lag_in_any_number_of_threads():
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
