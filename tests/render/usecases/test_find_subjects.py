"""Where people are in the talk's footage, whose truth is known: close shots at the centre, two people in the wide one."""

import asyncio
from dataclasses import replace
from fractions import Fraction

import pytest

from ruach_studio.kernel.errors import Cancelled
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan.crop import crop_box
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.usecases.find_subjects import find_subjects
from ruach_studio.testing.talk_film import write_mp4
from ruach_studio.testing.talk_picture import Painter, View

SHORT = PRESETS["short_9_16"]
RATE, SIZE = FrameRate.parse(2), (480, 272)
PEOPLE = {
    "A": (("1", -0.42, 1.0),),
    "B": (("2", 0.0, 1.0),),
    "C": (("1", -0.4, 0.7), ("2", 0.4, 0.7)),
    "D": (("2", 0.35, 0.9),),
}
HALF_PERSON = 0.13 * 1.7  # of the height, at scale 1: the shoulders


@pytest.fixture(scope="module")
def talk(tmp_path_factory, make_clip):
    """Four cameras of a minute at 2 frames a second: one left, one in the middle, two, one right."""
    folder = tmp_path_factory.mktemp("talk")
    for letter, people in PEOPLE.items():
        count = len(people)
        painter = Painter(View(letter, f"CAMERA {letter}", (168, 132, 96), people), RATE, *SIZE)
        write_mp4(
            folder / f"{letter}.mp4", rate=RATE, size=SIZE, frames=range(120), sound=None, sound_rate=48_000,
            paint=lambda k, p=painter, n=count: p.paint(k, tuple((k // 3 * (3 + i)) % 5 for i in range(n))),
        )  # fmt: skip
    return {c: [make_clip(folder / f"{c}.mp4", frames=120, fps="2", size=SIZE, has_audio=False)] for c in PEOPLE}


@pytest.fixture
def wire(talk, make_edl):
    return make_edl([(30 * (i + 1), c) for i, c in enumerate("ABCD")], talk, fps="2/1")


async def look(wire, told=None, presets=(SHORT,), stop=None):
    return await find_subjects(wire, presets, told or {}, stop or asyncio.Event())


async def test_people_are_inside_the_crop_and_two_of_them_leave_it_at_the_centre(wire):
    found = await look(wire)
    assert found.places["B"] == found.places["C"] == Fraction(1, 2)
    for camera in "AD":
        ((_, x, scale),) = PEOPLE[camera]
        left, _, width, _ = crop_box(*SIZE, SHORT, found.places[camera])
        middle = SIZE[0] / 2 + x * SIZE[1]
        reach = HALF_PERSON * scale * SIZE[1]
        assert left <= middle - reach < middle + reach <= left + width, camera
        assert abs(float(found.places[camera]) - middle / SIZE[0]) <= 0.02
    assert [note[:8] for note in found.notes] == ["camera C"]
    assert "no crop holds what moves" in found.notes[0]
    assert [made.verdict.decision for made in found.decided][1:3] == ["x_0.50", "x_0.50"]


async def test_a_camera_that_is_shown_briefly_is_looked_at_beyond_its_shots(talk, make_edl):
    found = await look(make_edl([(4, "D"), (116, "B"), (118, "A"), (120, "C")], talk, fps="2/1"))
    assert abs(float(found.places["A"]) - (0.5 - 0.42 * SIZE[1] / SIZE[0])) <= 0.02
    assert [note[:8] for note in found.notes] == ["camera C"]
    assert "no crop holds what moves" in found.notes[0]


async def test_looking_again_says_the_same_and_the_operators_word_is_not_questioned(wire):
    first, again = await look(wire), await look(wire)
    assert first == again
    told = await look(wire, {"C": Fraction("0.27")})
    assert told.places == {**first.places, "C": Fraction("0.27")}
    assert told.notes == ()


async def test_nobody_looks_where_no_format_follows_a_subject(wire):
    assert (await look(wire, presets=[PRESETS["full_16_9"], PRESETS["clip_1_1"]])).places == {}
    assert (await look(wire, presets=[replace(PRESETS["clip_1_1"], reframe="subject")])).places.keys() == set("ABCD")


async def test_a_camera_whose_file_is_gone_stays_at_the_centre(wire):
    wire["sources"]["A"]["clips"][0] = {**wire["sources"]["A"]["clips"][0], "path": "/nowhere/a.mp4"}
    found = await look(wire)
    assert found.places["A"] == Fraction(1, 2)
    assert "0 pairs of pictures" in found.notes[0]


async def test_it_can_be_stopped(wire):
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Cancelled):
        await look(wire, stop=stop)
