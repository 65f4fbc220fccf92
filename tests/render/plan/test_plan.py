from dataclasses import replace

import pytest

from ruach_studio.render.plan import EdlNotLocked, plan_render
from ruach_studio.render.presets import PRESETS


@pytest.fixture
def wire(make_edl, make_clip, tmp_path):
    cameras = {
        "A": [make_clip(tmp_path / "a.mp4", frames=3000)],
        "B": [make_clip(tmp_path / "b.mp4", frames=2600, fps="25", offset_ms=-1000)],
    }
    return make_edl([(900, "A"), (1800, "B", "wide", 0.5), (3000, "A")], cameras)


def test_the_output_has_the_edls_rate_and_exactly_its_frames(wire):
    plan = plan_render(wire, PRESETS["full_16_9"])
    assert (str(plan.rate), plan.frames, plan.duration_s, plan.audio.samples) == ("30/1", 3000, 100.0, 4_800_000)
    assert sum(s.frames for s in plan.segments) == 3000
    assert plan.window is None
    assert plan.shown(0) == ("A", 0)
    assert plan.shown(900) == ("B", 775)  # 30 s + 1 s earlier start, at 25 per second
    with pytest.raises(IndexError):
        plan.shown(3000)


def test_the_square_clip_is_the_whole_programme_and_the_short_a_minute_at_most(wire):
    assert plan_render(wire, PRESETS["clip_1_1"]).frames == 3000
    short = plan_render(wire, PRESETS["short_9_16"])
    assert short.frames <= 1800
    assert short.window.verdict.decision == f"frames_{short.start_frame}_{short.end_frame_exclusive}"
    assert short.audio.samples == short.frames * 1600


def test_a_still_needs_no_sound(wire):
    plan = plan_render(wire, PRESETS["thumbnail"])
    assert plan.audio_clips == ()
    assert len(plan.picture_clips) == 2


def test_equal_edls_make_equal_plans(wire):
    one = plan_render(wire, PRESETS["full_16_9"])
    assert one.fingerprint() == plan_render(wire, PRESETS["full_16_9"]).fingerprint()
    assert one.fingerprint() != plan_render(wire, replace(PRESETS["full_16_9"], width=1280)).fingerprint()


def test_an_unlocked_edl_is_not_planned(wire):
    with pytest.raises(EdlNotLocked):
        plan_render({**wire, "status": "approved"}, PRESETS["thumbnail"])
