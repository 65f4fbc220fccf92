from fractions import Fraction

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import LockedEdl
from ruach_studio.render.plan.window import choose_window
from ruach_studio.render.plan.wire import Cut, MarkedShort

MINUTE = Fraction(60)


def edl(cuts, shorts=(), rate="30"):
    program, start = [], 0
    for end, reason, confidence in cuts:
        program.append(Cut(start, end, "A", reason, confidence))
        start = end
    return LockedEdl("s", 1, "A", FrameRate.parse(rate), start, tuple(program), tuple(shorts), {}, ())


TALK = [(900, "wide", 0.9), (2400, "speaker", 0.6), (4200, "speaker", 0.95), (4800, "wide", 0.5), (9000, "speaker", 0.7)]


def test_without_a_limit_everything_is_shown_and_nothing_decided():
    window = choose_window(edl(TALK), None)
    assert (window.start_frame, window.end_frame_exclusive, window.decided) == (0, 9000, None)


def test_a_short_programme_is_its_own_short():
    window = choose_window(edl([(1800, "speaker", 0.9)]), MINUTE)
    assert (window.start_frame, window.end_frame_exclusive) == (0, 1800)
    assert "whole programme lasts 1:00" in window.decided.verdict.reasons[0]


def test_the_best_stretch_starts_at_a_cut_and_lasts_at_most_a_minute():
    window = choose_window(edl(TALK), MINUTE)
    assert (window.start_frame, window.end_frame_exclusive) == (2400, 4200)
    assert window.decided.verdict.decision == "frames_2400_4200"
    assert window.decided.verdict.rules_version == "short-v1"
    assert "mean confidence of its cuts 0.95" in window.decided.verdict.reasons
    assert "100% of it shows the person who speaks" in window.decided.verdict.reasons


def test_of_equal_stretches_the_earliest_wins():
    window = choose_window(edl([(1800 * (i + 1), "speaker", 0.8) for i in range(5)]), MINUTE)
    assert (window.start_frame, window.end_frame_exclusive) == (0, 1800)


def test_one_long_shot_is_cut_at_the_limit_also_at_29_97():
    window = choose_window(edl([(90_000, "speaker", 0.8)], rate="30000/1001"), MINUTE)
    assert (window.start_frame, window.end_frame_exclusive) == (0, 1798)  # 1798 frames last 59.99 s, 1799 more than 60


def test_the_operators_mark_wins_and_is_held_to_the_limit():
    window = choose_window(edl(TALK, [MarkedShort(100, 4000, "x"), MarkedShort(0, 30, "y")]), MINUTE)
    assert (window.start_frame, window.end_frame_exclusive) == (100, 1900)
    assert any("limited to 1:00" in reason for reason in window.decided.verdict.reasons)
    assert any("first of 2" in reason for reason in window.decided.verdict.reasons)


def test_equal_inputs_give_equal_hashes_and_other_inputs_other_ones():
    one, two = (choose_window(edl(TALK), MINUTE).decided.verdict.inputs_hash for _ in range(2))
    assert one == two != choose_window(edl([*TALK[:-1], (9000, "speaker", 0.71)]), MINUTE).decided.verdict.inputs_hash
