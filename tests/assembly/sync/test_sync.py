"""The whole session: split recorders, cameras that share sound only with each other, cameras that share none."""

import numpy as np
import pytest

from ruach_studio.assembly.session import BadSession
from ruach_studio.assembly.sync import align


def test_every_clip_of_a_split_recorder_is_placed_by_itself(room):
    sound = (240.0, 1)
    clips = [
        room.hear(sound, 60.0, offset_s=10.0, drift_ppm=40.0, seed=2),
        room.hear(sound, 60.0, offset_s=70.0 * (1 + 40e-6), drift_ppm=40.0, seed=3),
        room.hear(sound, 20.0, offset_s=200.0, drift_ppm=40.0, seed=4),
    ]
    solution = align({"A": [room.hear(sound, 240.0, seed=5)], "B": clips}, "A")
    assert [(p.camera_id, p.clip_index) for p in solution.placements] == [("A", 0), ("B", 0), ("B", 1), ("B", 2)]
    assert [p.offset_s for p in solution.of("B")] == pytest.approx([10.0, 70.0028, 200.0], abs=0.002)
    assert {p.classification for p in solution.placements} == {"looks-good"}
    master = solution.of("A")[0]
    assert (master.offset_s, master.drift_ppm, master.confidence) == (0.0, 0.0, 1.0)


def test_an_audio_track_is_placed_like_a_camera_and_may_start_before_the_master(room):
    sound = (120.0, 1)
    tracks = {
        "LAV": [room.hear(sound, 130.0, offset_s=-8.25, seed=2, noise=1e-4, reverb_s=0.05)],
        "A": [room.hear(sound, 100.0, seed=5)],
    }
    placement = align(tracks, "A").of("LAV")[0]
    assert placement.offset_s == pytest.approx(-8.25, abs=0.002)
    assert placement.classification == "looks-good"


def test_a_camera_without_common_sound_gets_confidence_0_and_the_others_stand(room):
    sound = (120.0, 1)
    tracks = {
        "A": [room.hear(sound, 120.0, seed=5)],
        "B": [room.hear(sound, 60.0, offset_s=7.0, seed=6)],
        "C": [room.hear((120.0, 66), 60.0, seed=7)],
        "D": [room.digest(np.empty(0, np.float32))],
    }
    solution = align(tracks, "A")
    assert solution.of("B")[0].classification == "looks-good"
    for camera in ("C", "D"):
        lost = solution.of(camera)[0]
        assert (lost.confidence, lost.offset_s, lost.classification) == (0.0, 0.0, "needs-manual-nudge")
        assert lost.reasons[-1] == "move it by hand"


def test_a_camera_that_overlaps_only_another_camera_is_placed_through_it(room):
    sound = (240.0, 1)
    tracks = {
        "A": [room.hear(sound, 80.0, seed=5)],
        "C": [room.hear(sound, 60.0, offset_s=120.0, drift_ppm=-20.0, seed=7)],
        "B": [room.hear(sound, 150.0, offset_s=20.0, drift_ppm=50.0, seed=6)],
    }
    placement = align(tracks, "A").of("C")[0]
    assert placement.offset_s == pytest.approx(120.0, abs=0.003)
    assert placement.drift_ppm == pytest.approx(-20.0, abs=4.0)
    assert "clip 1 of B" in placement.reasons[1]
    assert placement.reasons[-1] == "starts 2:00 after the master, more than 60 s: check that it belongs to this session"


def test_the_second_clip_of_the_master_is_measured_through_a_camera_that_heard_both(room):
    sound = (240.0, 1)
    master = [room.hear(sound, 60.0, seed=5), room.hear(sound, 60.0, offset_s=63.5, seed=8)]
    solution = align({"A": master, "B": [room.hear(sound, 110.0, offset_s=5.0, seed=6)]}, "A")
    assert solution.of("A")[1].offset_s == pytest.approx(63.5, abs=0.003)
    assert solution.of("A")[1].classification == "looks-good"


def test_the_second_clip_of_the_master_follows_the_first_where_nobody_else_heard_it(room):
    sound = (240.0, 1)
    master = [room.hear(sound, 60.0, seed=5), room.hear(sound, 60.0, offset_s=60.0, seed=8)]
    solution = align({"A": master, "B": [room.hear(sound, 40.0, offset_s=75.0, seed=6)]}, "A")
    second, other = solution.of("A")[1], solution.of("B")[0]
    assert (second.offset_s, second.classification) == (60.0, "review-suggested")
    assert other.offset_s == pytest.approx(75.0, abs=0.002)  # and a camera that only heard the second is placed through it
    assert other.classification == "review-suggested"


def test_an_unmatched_clip_after_a_matched_one_is_shown_right_after_it(room):
    sound = (120.0, 1)
    clips = [room.hear(sound, 30.0, offset_s=9.0, seed=2), room.digest(np.empty(0, np.float32))]
    lost = align({"A": [room.hear(sound, 60.0, seed=5)], "B": clips}, "A").of("B")[1]
    assert (lost.confidence, lost.classification) == (0.0, "needs-manual-nudge")
    assert lost.offset_s == pytest.approx(39.0, abs=0.002)


@pytest.mark.parametrize("tracks", [{}, {"A": []}])
def test_an_unknown_master_is_refused(tracks):
    with pytest.raises(BadSession, match="master"):
        align(tracks, "A")
