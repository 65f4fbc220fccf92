"""The props that Remotion gets say exactly what the plan says, and Python and TypeScript read the same form."""

import importlib.util
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, plan_render, source_frame
from ruach_studio.render.plan.lettering import Caption, CaptionWord, Chapter, Lettering, Overlay
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.remotion_props import RenderProps, Seen, line_of, props_of

ROOT = Path(__file__).resolve().parents[3]
RATES = ("24/1", "25/1", "30000/1001", "30/1", "50/1", "60000/1001")


def shown(line, frame):
    """remotion/src/frames.ts in Python."""
    return -((-(int(line.a) * frame + int(line.b))) // int(line.d)) - 1


@settings(max_examples=100, deadline=None)
@given(
    rate=st.sampled_from(RATES), source_rate=st.sampled_from(RATES), frame=st.integers(0, 400_000),
    offset_us=st.integers(-(10**10), 10**10), drift=st.integers(-500_000, 500_000), start_us=st.integers(0, 10**6),
)  # fmt: skip
def test_the_line_is_the_plans_own_arithmetic(rate, source_rate, frame, offset_us, drift, start_us):
    clip = ClipRef(
        "a.mp4", Fraction(offset_us, 10**6), Fraction(drift, 1000), Fraction(start_us, 10**6), Fraction(7200),
        FrameRate.parse(source_rate), has_audio=True,
    )  # fmt: skip
    programme = FrameRate.parse(rate)
    assert shown(line_of(clip, programme), frame) == source_frame(clip, programme, frame)


def test_the_generated_types_and_schema_are_what_the_models_say():
    spec = importlib.util.spec_from_file_location("remotion_props_tool", ROOT / "tools" / "remotion_props.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for name, text in tool.generated().items():
        assert (ROOT / "remotion" / name).read_text() == text, f"{name} drifted: run python tools/remotion_props.py"


@pytest.fixture
def plan(make_edl, make_clip):
    cameras = {
        "A": [make_clip("/footage/a.mp4", frames=200)],
        "B": [make_clip("/footage/b.mp4", frames=200, fps="25", offset_ms=-1000)],
    }
    return plan_render(make_edl([(50, "A"), (120, "B"), (180, "A")], cameras), PRESETS["full_16_9"])


SEEN = {path: Seen(f"http://127.0.0.1/{path}", 320, 180, 0.0) for path in ("/footage/a.mp4", "/footage/b.mp4")}


def test_a_stretch_holds_its_own_segments_sources_and_writing(plan):
    words = (CaptionWord("Peace", 40, 50),)
    lettering = Lettering(
        captions=(Caption(40, 51, (words,)), Caption(130, 150, (words,))),
        overlays=(Overlay(0, 50, "cta", {"text": "early"}), Overlay(119, 130, "title", {"title": "here"})),
        chapters=(Chapter(0, "One"), Chapter(100, "Two")), burn_captions=True, karaoke=True, show_chapters=True,
    )  # fmt: skip
    props = props_of(replace(plan, lettering=lettering), SEEN, segments=plan.segments[1:2])
    assert (props.start_frame, props.frames, props.fps) == (50, 70, 30.0)
    assert [source.src for source in props.sources] == ["http://127.0.0.1//footage/b.mp4"]
    assert [(s.start_frame, s.end_frame_exclusive, s.source, s.last_source_frame) for s in props.segments] == [
        (50, 120, 0, 199)
    ]
    assert [c.start_frame for c in props.lettering.captions] == [40]
    assert [o.payload for o in props.lettering.overlays] == [{"title": "here"}]
    assert [(c.number, c.title) for c in props.lettering.chapters] == [(1, "One"), (2, "Two")]


def test_captions_that_are_not_burnt_in_do_not_travel(plan):
    caption = Caption(0, 10, ((CaptionWord("Peace", 0, 10),),))
    props = props_of(replace(plan, lettering=Lettering(captions=(caption,), chapters=(Chapter(0, "One"),))), SEEN)
    assert (props.lettering.captions, props.lettering.chapters) == ([], [])


def test_the_json_form_reads_back_as_itself_and_refuses_what_it_does_not_know(plan):
    wire = props_of(plan, SEEN).wire()
    assert wire["schemaVersion"] == 1
    assert set(wire["segments"][0]) == {
        "startFrame", "endFrameExclusive", "source", "subjectX", "line", "firstSourceFrame", "lastSourceFrame",
    }  # fmt: skip
    assert RenderProps.model_validate(wire) == props_of(plan, SEEN)
    with pytest.raises(ValueError, match="extra"):
        RenderProps.model_validate({**wire, "sound": "loud"})
