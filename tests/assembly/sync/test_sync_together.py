"""Many recordings at once: loops that close, pairs that are reported, timecode that helps, alone, or misleads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ruach_studio.assembly.sync import align

SOUND = (120.0, 1)


@pytest.fixture(scope="module")
def four(room):
    """Four cameras of one room; truth in seconds."""
    truth = {"A": 0.0, "B": 7.25, "C": 15.5, "D": -4.125}
    return truth, {
        name: [room.hear(SOUND, 90.0, offset_s=at, seed=20 + n, delay_s=0.001 * n)]
        for n, (name, at) in enumerate(truth.items())
    }


def test_loops_close_and_every_pair_is_reported(four):
    truth, tracks = four
    solution = align(tracks, "A")
    for name, at in truth.items():
        assert solution.of(name)[0].offset_s == pytest.approx(at, abs=0.004)
    assert len(solution.pairs) == 6  # three to place them, three to check
    assert all(pair.used and abs(pair.residual_ms) < 3.0 and not pair.reason for pair in solution.pairs)
    assert "3 pairs agree within" in " ".join(solution.of("B")[0].reasons)


def test_pairs_that_are_measured_at_the_same_time_give_the_same_answer(four):
    _, tracks = four
    with ThreadPoolExecutor(3) as pool:
        assert align(tracks, "A", each=pool.map) == align(tracks, "A")


def test_timecode_that_agrees_says_so_and_finds_the_same_place(four):
    truth, tracks = four
    clocks = {(name, 0): (86395.0 + at + 0.03 * (name == "B")) % 86400 for name, at in truth.items()}  # over midnight
    solution = align(tracks, "A", clocks)
    for name, at in truth.items():
        assert solution.of(name)[0].offset_s == pytest.approx(at, abs=0.004)
        if name != "A":
            assert any("timecode agrees within" in reason for reason in solution.of(name)[0].reasons)
    assert any(
        text in ("timecode agrees within 29 ms", "timecode agrees within 30 ms") for text in solution.of("B")[0].reasons
    )


def test_timecode_that_disagrees_is_named_and_sound_decides(four):
    truth, tracks = four
    clocks = {(name, 0): 36000.0 + at + (5.0 if name == "C" else 0.0) for name, at in truth.items()}
    placement = align(tracks, "A", clocks).of("C")[0]
    assert placement.offset_s == pytest.approx(truth["C"], abs=0.004)
    assert placement.classification == "looks-good"
    assert "timecode says 5.0 s later: that clock was not set with the others" in placement.reasons


def test_a_camera_without_sound_is_placed_by_timecode_for_review(four, room):
    _, tracks = four
    silent = {**tracks, "M": [room.digest(np.empty(0, np.float32))]}
    clocks = {("A", 0): 36000.0, ("B", 0): 36007.25, ("M", 0): 36033.4}
    placement = align(silent, "A", clocks).of("M")[0]
    assert (placement.offset_s, placement.placed_by) == (pytest.approx(33.4, abs=0.002), "timecode")
    assert placement.classification == "review-suggested"
    assert placement.reasons[:2] == ("placed by timecode alone: check it by the picture", "the clip has no sound")


def test_timecode_does_not_vouch_for_sound_that_matches_nothing_but_for_hiss(four, room):
    """A camera of another event that has the time of this one; a camera whose microphone was not plugged in."""
    _, tracks = four
    hiss = np.random.default_rng(3).standard_normal(60 * room.rate).astype(np.float32) * 1e-3
    both = {"A": tracks["A"], "X": [room.hear((120.0, 66), 60.0, seed=7)], "H": [room.digest(hiss)]}
    solution = align(both, "A", {("A", 0): 36000.0, ("X", 0): 36010.0, ("H", 0): 36010.0})
    other, unplugged = solution.of("X")[0], solution.of("H")[0]
    assert (other.classification, other.offset_s) == ("needs-manual-nudge", pytest.approx(10.0))
    assert "its sound matches nothing" in other.reasons[0]
    assert (unplugged.classification, unplugged.offset_s) == ("review-suggested", pytest.approx(10.0))


def test_where_a_clock_was_wrong_timecode_alone_is_not_believed(four, room):
    _, tracks = four
    silent = {**tracks, "M": [room.digest(np.empty(0, np.float32))]}
    clocks = {("A", 0): 36000.0, ("B", 0): 36107.25, ("M", 0): 36033.4}
    placement = align(silent, "A", clocks).of("M")[0]
    assert (placement.confidence, placement.classification) == (0.0, "needs-manual-nudge")
    assert any("timecode is not believed" in reason for reason in placement.reasons)
    assert placement.reasons[-1] == "move it by hand"


def test_the_pieces_of_a_recording_that_jumps_are_placed_each(room):
    sound = (240.0, 1)
    samples = room.write(sound, 200.0, offset_s=10.0, seed=2)
    lost = np.concatenate((samples[: 60 * room.rate], samples[round(60.2 * room.rate) :]))
    placement = align({"A": [room.hear(sound, 240.0, seed=3)], "B": [room.digest(lost)]}, "A").of("B")[0]
    first, second = placement.pieces
    assert (first.offset_s, second.offset_s) == (pytest.approx(10.0, abs=0.005), pytest.approx(10.2, abs=0.005))
    assert second.from_s == pytest.approx(60.0, abs=1.5)
    master = np.array([20.0, 69.0, 75.0, 200.0])
    # 10 s in, still the first piece; beyond the loss 0.2 s less has been written
    assert placement.local_s(master) == pytest.approx([10.0, 59.0, 64.8, 189.8], abs=0.005)
    assert placement.classification == "review-suggested"
