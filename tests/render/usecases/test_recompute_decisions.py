import json
import math
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from ruach_studio.infra.audit import record_decision
from ruach_studio.infra.context import new_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import Malformed
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.framing import Motion, place_subject
from ruach_studio.render.loudness import Measurement, Setting, Trial, judge
from ruach_studio.render.plan import LockedEdl
from ruach_studio.render.plan.window import choose_window
from ruach_studio.render.plan.wire import Cut, MarkedShort
from ruach_studio.render.presets import AudioCodec
from ruach_studio.render.thumbnail import Candidate, Score, choose_picture
from ruach_studio.render.usecases.recompute_decisions import decide_again, recompute_decisions

NTSC = FrameRate.parse("30000/1001")
CUTS = tuple(Cut(700 * i, 700 * (i + 1), "AB"[i % 2], "speaker", 0.5 + i / 30) for i in range(9))


def edl(*shorts):
    return LockedEdl("s", 1, "A", NTSC, 6300, CUTS, shorts, {}, ())


SEEN = [Motion(30 * k, (0,) * 8 + (40,) * 4 + (0,) * 20) for k in range(5)]
MADE = [
    choose_window(edl(), Fraction(60)).decided,
    choose_window(edl(MarkedShort(5, 3000, "x")), Fraction(60)).decided,
    choose_picture([Candidate(30, "A", Score(0.1, 0.2, 0.3, 1.0)), Candidate(9, "B", Score(0.5, 0.5, 1.0, 1.0))], NTSC)[1],
    place_subject("A", Fraction(81, 256), SEEN).decided,
    place_subject("A", Fraction(1), (), Fraction("0.4")).decided,
    judge(Measurement(-27.1, -3.0), Trial(Setting(13.1, -2.0), Measurement(-14.1, -1.5)), AudioCodec()),
    judge(Measurement(-70.0, -math.inf), Trial(Setting(0.0, -2.0), Measurement(-math.inf, -math.inf)), AudioCodec()),
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.verdict.decision)
def test_a_rule_run_again_on_stored_inputs_says_the_same(made):
    stored = json.loads(json.dumps(made.inputs))
    assert decide_again(made.verdict.rules_version, stored).verdict == made.verdict


def test_a_rule_of_another_pillar_is_refused():
    with pytest.raises(Malformed, match="angle-v2"):
        decide_again("angle-v2", {})


async def test_what_was_altered_is_found(services):
    now, results = datetime(2026, 11, 23, tzinfo=UTC), []
    for made in MADE:
        result = DecisionResult(made.verdict, now, new_id())
        async with services.database.transaction() as tx:
            await record_decision(tx, result, subject="render:s", inputs=made.inputs)
        results.append(result.to_wire())
    assert await recompute_decisions(services, results) == []
    bent = [
        {**results[0], "decision": "frames_0_1"},
        {**results[2], "confidence": 0.1},
        {**results[5], "inputsHash": "0" * 64},
    ]
    faults = await recompute_decisions(services, bent)
    assert [fault.split(":")[0] for fault in faults] == ["frames_0_1", "frame_9", "pass"]
    assert "are not stored" in faults[2]
