"""Every EDL option of the specification reaches the rule, or is refused by its name with the reason."""

import pytest

from ruach_studio.assembly.entrypoints.wire_edl import AssembleRequest, PreviewRequest, ReplayRequest
from ruach_studio.assembly.usecases.options import options_of
from ruach_studio.kernel.errors import BadInput


def asked(**wire):
    return options_of(AssembleRequest(**wire).options())


def test_the_specifications_names_set_the_same_numbers():
    chosen = asked(minShotLengthMs=2500, maxShotLengthMs=20000, switchCooldownMs=1000)
    assert (chosen.angle.min_shot_s, chosen.angle.max_shot_s, chosen.angle.switch_cooldown_s) == (2.5, 20.0, 1.0)
    plain = asked(ruleset="angle-v1", leadThresholdDb=4.5, silenceThresholdDb=-50)
    assert (plain.angle.lead_db, plain.angle.silence_dbfs) == (4.5, -50.0)
    extras = asked(
        includeChapters=True, includeShorts=True, trimSilence=True, removeFiller=True, pictureOffsetFrames=-6,
        silenceThresholdDb=-45,
    ).extras  # fmt: skip
    assert extras.to_wire() == {
        "includeChapters": True, "includeShorts": True, "trimSilence": True, "removeFiller": True,
        "pictureOffsetFrames": -6, "silenceThresholdDb": -45.0,
    }  # fmt: skip
    assert (asked().mode, asked().extras.to_wire(), asked(mode="transcript").mode) == ("energy", {}, "transcript")


@pytest.mark.parametrize(
    ("wire", "subject", "why"),
    [
        ({"leadThresholdDb": 6}, "leadThresholdDb", "does not act in angle-v2: it weighs calibrated voices"),
        ({"silenceThresholdDb": -40}, "silenceThresholdDb", "finds each microphone's floor by itself"),
        ({"ruleset": "angle-v1", "maxShotLengthMs": 9000}, "maxShotLengthMs", "does not act in angle-v1"),
        ({"mode": "transcript", "maxShotLengthMs": 9000}, "maxShotLengthMs", "does not act in mode transcript"),
        ({"mode": "transcript", "leadThresholdDb": 6}, "leadThresholdDb", "nothing is decided by level"),
        ({"mode": "transcript", "silenceThresholdDb": -40}, "silenceThresholdDb", "does not act in mode transcript"),
        ({"minShotLengthMs": 2500, "angle": {"minShotS": 2}}, "minShotLengthMs", "contradict"),
    ],
)
def test_what_would_do_nothing_is_refused_by_name(wire, subject, why):
    with pytest.raises(BadInput, match=why) as caught:
        asked(**wire)
    assert (caught.value.subject, bool(caught.value.remedy)) == (subject, True)


def test_the_same_number_twice_is_no_contradiction():
    assert asked(minShotLengthMs=2500, angle={"minShotS": 2.5}).angle.min_shot_s == 2.5


def test_previews_and_replays_take_the_same_options():
    preview = PreviewRequest(keep=True, includeChapters=True)
    replay = ReplayRequest(fromMs=0, toMs=9, reason="x", dryRun=True, pictureOffsetFrames=4)
    assert options_of(preview.options()).extras.chapters
    assert options_of(replay.options()).extras.picture_offset_frames == 4
