from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, LockedEdl
from ruach_studio.render.plan.coverage import cover
from ruach_studio.render.plan.wire import Cut, Source

RATE = FrameRate.parse(30)


def clip(start_frame: float, frames: int, name: str = "x") -> ClipRef:
    return ClipRef(name, Fraction(start_frame) / 30, Fraction(0), Fraction(0), Fraction(frames, 30), RATE, True)


def edl(frames: int, cameras: dict[str, list[ClipRef]], cuts=None, wide=None, master="A") -> LockedEdl:
    sources = {n: Source(n, "wide" if n == wide else "camera", tuple(clips)) for n, clips in cameras.items()}
    cuts = cuts or (Cut(0, frames, "A", "speaker", 1.0),)
    return LockedEdl("s", 1, master, RATE, frames, tuple(cuts), (), sources, tuple(cameras))


def pieces(programme: LockedEdl):
    segments, notes = cover(programme, 0, programme.frames)
    return [(s.start_frame, s.end_frame_exclusive, s.camera) for s in segments], notes


def test_a_camera_that_recorded_throughout_is_one_segment():
    assert pieces(edl(300, {"A": [clip(0, 300)]})) == ([(0, 300, "A")], ())


def test_a_late_camera_is_replaced_by_the_wide_one_and_said():
    found, notes = pieces(edl(300, {"A": [clip(60, 240)], "B": [clip(0, 300)], "W": [clip(0, 300)]}, wide="W"))
    assert found == [(0, 60, "W"), (60, 300, "A")]
    assert notes == ("camera W instead of A for 2.00 s at 0:00: A did not record",)


def test_a_hole_of_three_frames_holds_the_picture_and_a_longer_one_does_not():
    found, notes = pieces(edl(300, {"A": [clip(0, 100), clip(103, 100), clip(207, 93)], "B": [clip(0, 300)]}))
    assert found == [(0, 103, "A"), (103, 203, "A"), (203, 207, "B"), (207, 300, "A")]
    assert notes[0] == "camera A holds a picture for 3 frames near 0:00: its file has none there"
    assert "camera B instead of A for 0.13 s" in notes[1]


def test_where_nobody_recorded_it_is_black_and_said():
    found, notes = pieces(edl(300, {"A": [clip(0, 200)], "B": [clip(0, 250)]}))
    assert found == [(0, 200, "A"), (200, 250, "B"), (250, 300, None)]
    assert notes[-1] == "black for 1.67 s at 0:08.3: no camera recorded (the EDL asks for A)"


def test_overlapping_files_show_each_frame_once_the_earlier_file_first():
    found, _ = pieces(edl(300, {"A": [clip(0, 160, "1"), clip(150, 150, "2")]}))
    assert found == [(0, 160, "A"), (160, 300, "A")]


clips = st.lists(
    st.tuples(st.floats(-50, 300).map(lambda f: Fraction(f).limit_denominator(7)), st.integers(1, 200)), max_size=4
)


@given(clips, clips, clips)
def test_every_frame_is_shown_once_by_somebody_who_has_it(a, b, c):
    cameras = {n: [clip(s, f, f"{n}{i}") for i, (s, f) in enumerate(x)] for n, x in zip("ABC", (a, b, c), strict=True)}
    cuts = (Cut(0, 97, "A", "", 1), Cut(97, 180, "B", "", 1), Cut(180, 300, "C", "", 1))
    programme = edl(300, cameras, cuts)
    segments, _ = cover(programme, 0, 300)
    assert [n for s in segments for n in range(s.start_frame, s.end_frame_exclusive)] == list(range(300))
    for segment in segments:
        for n in (segment.start_frame, segment.end_frame_exclusive - 1):
            k = segment.source_frame_at(RATE, n)
            assert (k is None) == (segment.clip is None)
            assert k is None or 0 <= k < segment.clip.frames
