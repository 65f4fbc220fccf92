"""Readiness follows from counted facts, and a red flag holds it back."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ruach_studio.formation.readiness import latest_qualities, readiness, silent_checkpoints
from ruach_studio.formation.state import Assessed, FormationState, Reflection

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def ago(days):
    return NOW - timedelta(days=days)


def state(qualities=(), viewed=0, cited=0, finished=(), days=0, **more):
    """Facts with one prompt per quality, the last one the newest."""
    count = len(qualities)
    written = {f"a{n}": Reflection(f"r{n}", f"c{n}", 90, ago(count - n), date(2026, 3, 1), None) for n in range(count)}
    facts = {"last_activity": ago(1), "reflections": written} | more
    return FormationState(
        assessed={f"a{n}": Assessed(quality) for n, quality in enumerate(qualities)},
        axioms_viewed={f"x{n}": NOW for n in range(viewed)}, axioms_cited={f"x{n}": 4 for n in range(cited)},
        sections_completed={f"s{n}": ago(at) for n, at in enumerate(finished)},
        active_days={"awakening": frozenset(date(2026, 2, 1) + timedelta(days=n) for n in range(days))}, **facts,
    )  # fmt: skip


def test_a_renamed_prompt_is_one_prompt():
    both = state((600, 700, 800), carried={"r0": ("r2",)})
    assert latest_qualities(both) == ((ago(1), 800), (ago(2), 700))
    assert latest_qualities(state((600, 700, 800), carried={"r0": ("r1",), "r1": ("r2",)})) == ((ago(1), 800),)
    back = state((600, 700, 800), carried={"r0": ("r2",), "r2": ("r0",)})
    assert len(latest_qualities(back)) == 2, "renamed there and back"


def test_a_checkpoint_is_answered_under_any_of_its_names():
    reached = {"old": ago(9), "new": ago(8), "other": ago(7)}
    carried = {"old": ("new",)}
    assert silent_checkpoints(state(checkpoints_reached=reached, carried=carried), NOW) == {"new": ago(9), "other": ago(7)}
    for answered in ("old", "new"):
        facts = state(checkpoints_reached=reached, carried=carried, reflections={
            "a": Reflection("p", answered, 90, ago(1), date(2026, 3, 1), None)})  # fmt: skip
        assert silent_checkpoints(facts, NOW) == {"other": ago(7)}
    flagged = {"checkpoints_reached": {"old": ago(9), "new": ago(8)}, "carried": carried}
    assert readiness(state(**flagged), NOW).red_flags == ()


@pytest.mark.parametrize(("qualities", "level"), [
    ((), "emerging"), ((249,), "emerging"), ((250,), "forming"), ((900, 900), "forming"), ((500, 500, 500), "maturing"),
    ((700,) * 4, "maturing"), ((700,) * 5, "established"), ((0, 0, 700, 700, 700, 700, 700), "established"),
    ((700, 700, 700, 700, 700, 0, 0), "forming"),
])  # fmt: skip
def test_depth(qualities, level):
    assert readiness(state(qualities), NOW).reflection_depth.decision == level


@pytest.mark.parametrize(("viewed", "cited", "level"), [
    (1, 0, "emerging"), (2, 0, "forming"), (0, 2, "forming"), (8, 0, "maturing"), (5, 5, "established"), (4, 5, "maturing"),
])  # fmt: skip
def test_canon(viewed, cited, level):
    assert readiness(state(viewed=viewed, cited=cited), NOW).canon_engagement.decision == level


@pytest.mark.parametrize(("finished", "days", "pace", "level"), [
    ((1, 2, 3), 21, "appropriate", "established"), ((1, 2, 3), 20, "appropriate", "maturing"),
    ((1,), 1, "appropriate", "emerging"),
    ((2, 2.1, 2.2, 2.3, 2.4), 7, "appropriate", "maturing"), ((2, 2.1, 2.2, 2.3, 2.4, 2.5), 30, "too_fast", "emerging"),
    ((2, 2.1, 2.2, 2.3, 2.4, 3), 7, "appropriate", "maturing"), ((9, 9.1, 9.2, 9.3, 9.4, 9.5), 7, "appropriate", "maturing"),
    ((14,), 30, "stalled", "forming"), ((13.9,), 30, "appropriate", "established"), ((20,), 1, "stalled", "emerging"),
])  # fmt: skip
def test_pace(finished, days, pace, level):
    found = readiness(state(finished=finished, days=days), NOW)
    assert (found.pace, found.pace_level.decision) == (pace, level)


@pytest.mark.parametrize(("more", "flags"), [
    ({}, ()), ({"finished": (1,) * 6}, ("speed_running",)), ({"last_activity": ago(30)}, ("disengaged",)),
    ({"last_activity": ago(29.9)}, ()), ({"checkpoints_reached": {"c8": ago(4), "c9": ago(4)}}, ("missing_reflections",)),
    ({"checkpoints_reached": {"c8": ago(4), "c9": ago(3)}}, ()), ({"qualities": (199, 0, 12)}, ("surface_engagement",)),
    ({"qualities": (0, 200, 12)}, ()), ({"checkpoints_reached": {"c0": ago(4), "c9": ago(4)}, "qualities": (300,)}, ()),
    ({"pauses": {"speed_run_detected": ago(6.9)}}, ("speed_running",)), ({"pauses": {"speed_run_detected": ago(7)}}, ()),
    ({"pauses": {"insufficient_dwell_time": ago(1)}}, ()),
])  # fmt: skip
def test_red_flags(more, flags):
    assert readiness(state(**more), NOW).red_flags == flags


def test_overall_is_the_middle_and_a_red_flag_holds_it_back():
    facts = {"qualities": (700,) * 5, "viewed": 8, "finished": (1,), "days": 3}
    found = readiness(state(**facts), NOW)
    assert found.level.decision == "maturing"
    assert found.level.reasons == ("reflection depth established, canon engagement maturing, pace forming: the middle",)
    held = readiness(state(**facts, pauses={"surface_engagement": ago(1)}), NOW)
    assert held.level.decision == "forming"
    assert held.level.reasons[1] == "at most forming: surface_engagement"
    assert held.level.inputs_hash != found.level.inputs_hash


def test_the_example_of_the_reference():
    # docs/reference/formation-readiness.md
    facts = {"qualities": (410, 480, 640), "viewed": 4, "cited": 1, "finished": (2, 2.1, 2.2, 5), "days": 9}
    found = readiness(state(**facts), NOW)
    levels = [each.decision for each in (found.reflection_depth, found.canon_engagement, found.pace_level, found.level)]
    assert levels == ["maturing", "forming", "maturing", "maturing"]
    assert found.reflection_depth.reasons == ("mean quality 510 of 1000 over the last 3 of 3 prompts",)
    assert found.canon_engagement.reasons == ("7 points: 4 axioms viewed, 1 cited (3 each)",)
    silent = readiness(state(**facts, checkpoints_reached={"x": ago(5), "y": ago(5)}), NOW)
    assert (silent.level.decision, silent.red_flags) == ("forming", ("missing_reflections",))
