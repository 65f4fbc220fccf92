from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, Segment
from ruach_studio.render.runners.chunks import chunked

RATE = FrameRate(Fraction(30))
CLIP = ClipRef("x", Fraction(0), Fraction(0), Fraction(0), Fraction(7200), RATE, True)


def segments(lengths, clips=(None,)):
    found, at = [], 0
    for i, length in enumerate(lengths):
        found.append(Segment(at, at + length, "A", None, clips[i % len(clips)]))
        at += length
    return found


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40), st.lists(st.sampled_from([None, CLIP]), min_size=1))
def test_every_frame_is_in_one_chunk_in_order_and_chunks_stay_small(lengths, clips):
    chunks = chunked(segments(lengths, clips), RATE)
    frames = [(s.start_frame, s.end_frame_exclusive) for c in chunks for s in c.segments]
    assert frames[0][0] == 0
    assert frames[-1][1] == sum(lengths)
    assert all(a[1] == b[0] for a, b in pairwise(frames))
    assert all(len(c.segments) <= 8 and c.frames <= 1800 for c in chunks)
    assert all(sum(s.clip is not None for s in c.segments) <= 1 for c in chunks)
    assert [c.index for c in chunks] == list(range(len(chunks)))


def test_an_hour_in_one_shot_becomes_sixty_chunks():
    assert [c.frames for c in chunked(segments([108_000]), RATE)] == [1800] * 60


def test_eight_cuts_share_a_chunk_the_ninth_opens_the_next():
    assert [len(c.segments) for c in chunked(segments([30] * 401), RATE)] == [8] * 50 + [1]


def test_one_open_file_is_a_chunk_black_opens_none_and_who_draws_otherwise_shares_it():
    assert [len(c.segments) for c in chunked(segments([30] * 401, [CLIP]), RATE)] == [1] * 401
    assert [len(c.segments) for c in chunked(segments([30] * 401, [CLIP, None, None]), RATE)][:3] == [3, 3, 3]
    assert [len(c.segments) for c in chunked(segments([30] * 401, [CLIP]), RATE, opens_files=False)] == [8] * 50 + [1]


def test_a_short_programme_is_shared_out_evenly():
    assert [c.frames for c in chunked(segments([60] * 10), RATE)] == [120] * 5
    assert [c.frames for c in chunked(segments([30, 30, 30]), RATE)] == [90]
