from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, LockedEdl
from ruach_studio.render.plan.audio import plan_audio
from ruach_studio.render.plan.wire import Source


def clip(start_s, length_s, *, drift=0, sound=True) -> ClipRef:
    return ClipRef(f"{start_s}", Fraction(start_s), Fraction(drift), Fraction(0), Fraction(length_s), None, sound)


def edl(sources, frames=300, rate="30"):
    named = {n: Source(n, "audio", tuple(clips)) for n, clips in sources.items()}
    return LockedEdl("s", 1, "A", FrameRate.parse(rate), frames, (), (), named, tuple(sources))


def spans(programme, start=0, end=300):
    plan = plan_audio(programme, start, end)
    return [(s.source, s.start_sample, s.end_sample_exclusive, s.fade_in, s.fade_out) for s in plan.spans], plan


def test_the_best_track_runs_through_without_a_fade():
    found, plan = spans(edl({"M": [clip(-1, 20)], "A": [clip(0, 10)]}))
    assert found == [("M", 0, 480_000, 0, 0)]
    assert (plan.samples, plan.notes) == (480_000, ())


def test_a_late_mixer_is_led_in_by_the_camera_with_an_overlap_of_ten_milliseconds():
    found, plan = spans(edl({"M": [clip(2, 20)], "A": [clip(0, 10)]}))
    assert found == [("A", 0, 96_480, 0, 480), ("M", 96_000, 480_000, 480, 0)]
    assert plan.notes == ("sound from A instead of M for 2.00 s at 0:00",)


def test_a_mixer_that_ends_hands_over_with_the_same_overlap():
    found, _ = spans(edl({"M": [clip(0, 4)], "A": [clip(0, 10)]}))
    assert found == [("M", 0, 192_000, 0, 480), ("A", 191_520, 480_000, 480, 0)]


def test_silence_where_nobody_recorded_is_said():
    found, plan = spans(edl({"M": [clip(0, 4)]}))
    assert found == [("M", 0, 192_000, 0, 480)]
    assert plan.notes == ("silence for 6.00 s at 0:04: nobody recorded sound",)
    _, mute = spans(edl({"M": [clip(0, 10, sound=False)]}))
    assert mute.spans == ()
    assert "silent" in mute.notes[0]


def test_a_tiny_hole_between_two_files_is_not_worth_another_microphone():
    found, plan = spans(edl({"M": [clip(0, 4), clip("4.01", 8)], "A": [clip(0, 10)]}))
    assert [name for name, *_ in found] == ["M", "M"]
    assert plan.notes == ()


def test_a_window_counts_its_samples_from_its_own_first_frame():
    found, plan = spans(edl({"M": [clip(0, 10)]}, rate="30000/1001"), 30, 60)
    assert plan.samples == 48_048
    assert plan.origin_s == Fraction(1001, 1000)
    assert found == [("M", 0, 48_048, 0, 0)]


lists = st.lists(st.tuples(st.integers(-3, 12), st.integers(1, 8)), max_size=3)


@given(lists, lists)
def test_spans_stay_inside_and_overlap_only_in_their_fades(m, a):
    plan = plan_audio(edl({"M": [clip(*x) for x in sorted(m)], "A": [clip(*x) for x in sorted(a)]}), 0, 300)
    for before, after in zip(plan.spans, plan.spans[1:], strict=False):
        assert before.end_sample_exclusive - after.start_sample <= 480
        assert before.start_sample <= after.start_sample
    assert all(0 <= s.start_sample < s.end_sample_exclusive <= plan.samples for s in plan.spans)
