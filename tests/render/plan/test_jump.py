"""A recording that jumps: every frame and sample behind the jump from where the recording has it."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.render.plan import EdlUnreadable, plan_render
from ruach_studio.render.plan.jump import piece_spans
from ruach_studio.render.presets import PRESETS

FULL = PRESETS["full_16_9"]
F = Fraction


def jumping(clip, *pieces):
    return {**clip, "pieces": [{"fromMs": at, "offsetMs": offset} for at, offset in pieces]}


@pytest.mark.parametrize(
    ("pieces", "spans"),
    [
        ([], []),
        ([(0, 1)], [(1, 0, 10)]),
        ([(0, 0), (4, F(1, 5))], [(0, 0, 4), (F(1, 5), 4, 10)]),  # lost: a hole of 0.2 s
        ([(0, 0), (4, F(-3, 10))], [(0, 0, F(37, 10)), (F(-3, 10), 4, 10)]),  # doubled: the later piece wins
        ([(0, 0), (4, 1), (5, F(-2))], [(0, 0, 3), (-2, 5, 10)]),  # a piece that a later one swallows
    ],
)
def test_what_each_piece_shows_of_its_file(pieces, spans):
    assert piece_spans([(F(a), F(b)) for a, b in pieces], F(1), F(10)) == spans


def test_frames_right_before_and_after_the_jump(make_edl, make_clip):
    a, b = make_clip("/m/a.mp4", frames=300), make_clip("/m/b.mp4", frames=300)
    lost = plan_render(make_edl([(300, "B")], {"A": [a], "B": [jumping(b, (0, 0), (4000, 200))]}), FULL)
    shown = [lost.shown(n) for n in range(300)]
    assert shown[:120] == [("B", n) for n in range(120)]
    assert shown[120:126] == [("B", 119)] * 6  # 200 ms that nobody has: the picture is held
    assert shown[126:] == [("B", n - 6) for n in range(126, 300)]
    assert lost.notes == ("camera B holds a picture for 6 frames near 0:00: its file has none there",)
    doubled = plan_render(make_edl([(300, "B")], {"A": [a], "B": [jumping(b, (0, 0), (4000, -300))]}), FULL)
    assert [doubled.shown(n) for n in range(291)] == [("B", n if n < 111 else n + 9) for n in range(291)]


def test_a_long_loss_shows_another_camera_and_another_microphone(make_edl, make_clip):
    a, b = make_clip("/m/a.mp4", frames=400), make_clip("/m/b.mp4", frames=300)
    cameras = {"A": [a], "B": [jumping(b, (0, 0), (4000, 2000))]}
    plan = plan_render(make_edl([(300, "B")], cameras, audio={"programme": "B", "fallback": ["A"]}), FULL)
    assert [plan.shown(n) for n in (119, 120, 179, 180, 299)] == [("B", 119), ("A", 120), ("A", 179), ("B", 120), ("B", 239)]
    assert [(s.source, s.start_sample, s.end_sample_exclusive) for s in plan.audio.spans] == [
        ("B", 0, 192_000), ("A", 191_520, 288_480), ("B", 288_000, 480_000),
    ]  # fmt: skip


def test_the_sound_of_pieces_abuts_with_a_fade(make_edl, make_clip):
    b = jumping(make_clip("/m/b.mp4", frames=300), (0, 0), (4000, -300))
    plan = plan_render(make_edl([(280, "B")], {"B": [b]}), FULL)
    assert [(s.start_sample, s.end_sample_exclusive, s.fade_in, s.fade_out) for s in plan.audio.spans] == [
        (0, 177_600, 0, 480), (177_120, 448_000, 480, 0),
    ]  # fmt: skip


def test_an_edl_without_pieces_reads_as_ever(make_edl, make_clip):
    b = make_clip("/m/b.mp4", frames=300)
    assert plan_render(make_edl([(300, "B")], {"B": [{**b, "pieces": []}]}), FULL) == plan_render(
        make_edl([(300, "B")], {"B": [b]}), FULL
    )


@pytest.mark.parametrize("pieces", [[(1, 0), (4000, 200)], [(0, 0), (0, 1)], [(0, 0), (10_000, 1)], [(0, 0), ("x", 1)]])
def test_pieces_that_make_no_sense_are_refused(make_edl, make_clip, pieces):
    with pytest.raises(EdlUnreadable) as caught:
        plan_render(make_edl([(300, "B")], {"B": [jumping(make_clip("/m/b.mp4", frames=300), *pieces)]}), FULL)
    assert caught.value.subject.startswith("sources.B.clips[0].pieces")


steps = st.lists(st.tuples(st.integers(1, 40), st.integers(-30, 30)), max_size=4)


@settings(max_examples=50)
@given(steps, st.integers(-50, 50))
def test_pieces_never_overlap_and_their_frames_never_run_backwards(jumps, start):
    pieces, at, offset = [(F(0), F(start, 10))], 0, start
    for later, jump in jumps:
        at, offset = at + later, offset + jump
        pieces.append((F(at, 4), F(offset, 10)))
    spans = piece_spans(pieces, F(1), F(60))
    edges = [edge for offset_s, in_s, out_s in spans for edge in (offset_s + in_s, offset_s + out_s)]
    assert edges == sorted(edges)
    assert all(in_s < out_s for _, in_s, out_s in spans)
    assert spans[-1][2] == 60
    places = [edge for _, in_s, out_s in spans for edge in (in_s, out_s)]
    assert places == sorted(places)
