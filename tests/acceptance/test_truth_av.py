"""Picture and sound of the finished programme belong together within 10 ms from the first second to the last."""

import numpy as np
import pytest

pytestmark = [pytest.mark.xdist_group("programme"), pytest.mark.timeout(900)]
LIMIT_MS = 10.0


def test_picture_and_sound_agree_over_the_whole_length(programme) -> None:
    """The sound says which moment of the scene is heard, the strip which is seen; the microphones stand 0.6 ms away."""
    talk, heard, seen = programme.talk, programme.heard, programme.seen["full_16_9"]
    assert len(heard) >= talk.seconds / 2
    assert min(window.clarity for window in heard) > 8
    assert heard[0].time_s < 3
    assert heard[-1].time_s > talk.seconds - 4
    at = np.array([window.time_s for window in heard])
    sound_s = np.interp([s.time_s for s in seen], at, at - [window.time_s - window.scene_s for window in heard])
    inside = [i for i, s in enumerate(seen) if at[0] <= s.time_s <= at[-1]]
    picture_s = np.array([talk.frame_master_s(s.camera, s.frame) for s in seen])
    apart_ms = (picture_s - sound_s)[inside] * 1000
    print(f"picture minus sound: {apart_ms.min():+.2f} .. {apart_ms.max():+.2f} ms, median {np.median(apart_ms):+.2f} ms")
    assert np.abs(apart_ms).max() <= LIMIT_MS


def test_the_sound_does_not_jump_at_cuts(programme) -> None:
    lags_ms = np.array([(window.time_s - window.scene_s) * 1000 for window in programme.heard])
    assert lags_ms.max() - lags_ms.min() < 0.5  # one continuous track: the master's
