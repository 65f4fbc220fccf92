"""Overlays, chapters and captions of an EDL, read strictly: everything that is wrong is named."""

from dataclasses import replace

import pytest

from ruach_studio.render.lettering_style import NOTHING, LetteringStyle
from ruach_studio.render.plan import EdlUnreadable, plan_render
from ruach_studio.render.plan.letter import PAYLOAD
from ruach_studio.render.plan.lettering import Chapter, Overlay
from ruach_studio.render.presets import PRESETS

FULL, SHORT = PRESETS["full_16_9"], PRESETS["short_9_16"]
VERSE = {"text": "Jesus wept.", "reference": "John 11:35"}
SPOKEN = {
    "language": "en", "sha256": "0" * 64,
    "segments": [{"startMs": 1000, "endMs": 2000, "text": "In the beginning", "speaker": "Ana"}],
}  # fmt: skip


@pytest.fixture
def wire(make_edl, make_clip, tmp_path):
    return make_edl([(300, "A")], {"A": [make_clip(tmp_path / "a.mp4", frames=300)]}, fps="30000/1001")


def overlay(start_ms, end_ms, kind="scripture", payload=None):
    return {"id": "o", "startMs": start_ms, "endMs": end_ms, "type": kind, "payload": VERSE if payload is None else payload}


def test_overlays_and_chapters_stand_on_frames(wire):
    wire["tracks"]["overlays"] = [
        overlay(1001, 2002),
        overlay(9000, 99_000, "lowerThird", {"name": " Ana\n María ", "role": ""}),
    ]
    wire["tracks"]["chapters"] = [{"startMs": 5005.0, "title": "Two"}, {"startMs": 0, "title": "One", "reason": "begins"}]
    lettering = plan_render(wire, FULL).lettering
    assert lettering.overlays == (
        Overlay(30, 60, "scripture", VERSE), Overlay(270, 300, "lowerThird", {"name": "Ana María"}),
    )  # fmt: skip
    assert lettering.chapters == (Chapter(0, "One"), Chapter(150, "Two"))
    assert (lettering.show_chapters, lettering.burn_captions, lettering.on_picture) == (True, False, True)


@pytest.mark.parametrize(
    ("bad", "field", "fact"),
    [
        (overlay(0, 1000, "banner"), "type", "'banner' is none of lowerThird, title, scripture, cta"),
        (overlay(0, 1000, "title", {"text": "x"}), "payload.text", "a title has no such text"),
        (overlay(0, 1000, "title", {"subtitle": "x"}), "payload.title", "it is missing"),
        (overlay(0, 1000, "title", {"title": " \n "}), "payload.title", "it has no text"),
        (overlay(0, 1000, "title", {"title": 5}), "payload.title", "5 is not what belongs here"),
        (overlay(0, 1000, "cta", {"text": "x" * 121}), "payload.text", "it has 121 characters, 120 are the most"),
        (overlay(0, 1000, "cta", "x"), "payload", "not an object"),
        (overlay(2000, 1000), "", "outside the programme or is empty"),
        (overlay(11_000, 12_000), "", "outside the programme or is empty"),
        (overlay("x", 12_000), "startMs", "not a finite number"),
        ("x", "", "not an object"),
    ],
)
def test_a_wrong_overlay_is_named_by_its_field(wire, bad, field, fact):
    wire["tracks"]["overlays"] = [overlay(0, 500), bad]
    with pytest.raises(EdlUnreadable, match=fact) as caught:
        plan_render(wire, FULL)
    assert caught.value.subject == f"tracks.overlays[1].{field}".rstrip(".")


@pytest.mark.parametrize(
    ("bad", "field"),
    [({"startMs": 10_011, "title": "x"}, "startMs"), ({"startMs": 0}, "title"), ({"startMs": 0, "title": " "}, "title")],
)
def test_a_wrong_chapter_is_named_by_its_field(wire, bad, field):
    wire["tracks"]["chapters"] = [bad]
    with pytest.raises(EdlUnreadable) as caught:
        plan_render(wire, FULL)
    assert caught.value.subject == f"tracks.chapters[0].{field}"


def test_of_two_overlays_in_one_place_the_later_one_stands_and_a_note_says_so(wire):
    third = overlay(500, 9000, "lowerThird", {"name": "Ana"})
    wire["tracks"]["overlays"] = [overlay(4004, 9000, "title", {"title": "T"}), overlay(0, 8000), third]
    plan = plan_render(wire, FULL)
    assert [(o.kind, o.start_frame, o.end_frame_exclusive) for o in plan.lettering.overlays] == [
        ("scripture", 0, 120), ("lowerThird", 15, 270), ("title", 120, 270),
    ]  # fmt: skip
    assert "the scripture overlay ends early at 0:04: a title begins in its place" in plan.notes


def test_the_short_without_a_transcript_says_so_and_with_one_has_its_captions(wire):
    assert "no captions: the session has no transcript" in plan_render(wire, SHORT).notes
    assert "no captions: the session has no transcript" not in plan_render(wire, FULL).notes
    plan = plan_render({**wire, "transcript": SPOKEN}, SHORT)
    assert "no captions: the session has no transcript" not in plan.notes
    assert plan.lettering.burn_captions
    (caption,) = plan.lettering.captions
    assert (caption.text, caption.start_frame, caption.end_frame_exclusive) == ("In the beginning", 30, 60)


def test_a_style_turns_each_kind_off(wire):
    wire = {**wire, "transcript": SPOKEN}
    wire["tracks"]["chapters"] = [{"startMs": 0, "title": "One"}]
    off = plan_render(wire, replace(SHORT, lettering=NOTHING)).lettering
    assert (off.captions, off.chapters, off.on_picture) == ((), (), False)
    files = plan_render(wire, replace(SHORT, lettering=LetteringStyle(captions="files", karaoke=True))).lettering
    assert (len(files.captions), files.burn_captions, files.karaoke, files.on_picture) == (1, False, True, True)


def test_what_the_typeface_lacks_is_noted_where_it_would_be_drawn(wire):
    wire["tracks"]["overlays"] = [overlay(0, 1000, "title", {"title": "神 God 😀 Θεός אֱלֹהִים"})]
    assert "2 characters are left out of the picture, our typeface lacks them: 神 😀" in plan_render(wire, FULL).notes


def test_a_still_has_no_lettering(wire):
    wire["tracks"]["overlays"] = [overlay(0, 1000)]
    assert not plan_render(wire, PRESETS["thumbnail"]).lettering.on_picture


def test_every_kind_of_overlay_needs_one_text_at_least():
    assert all(any(not name.endswith("?") for name in names) for names in PAYLOAD.values())
