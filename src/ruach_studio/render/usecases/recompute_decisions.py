"""Turn stored render decisions into a list of those that the rules, run again on the stored inputs, do not make.

The rules that decide here: short-v1 and short-v2 (which stretch), thumbnail-v1 and thumbnail-v2 (which frame), framing-v1
(where the subject stands) and loudness-v1 (does the sound hold).
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ruach_studio.infra.audit import stored_inputs
from ruach_studio.kernel.errors import Malformed
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render import framing, loudness, thumbnail, thumbnail_rank
from ruach_studio.render.plan import Decided, LockedEdl, short, window
from ruach_studio.render.plan.wire import Cut, MarkedShort
from ruach_studio.render.presets import AudioCodec
from ruach_studio.render.usecases.services import RenderServices


async def recompute_decisions(services: RenderServices, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one sentence per `DecisionResult` (wire form) of render that does not hold; an empty list means all do."""
    faults = []
    for result in results:
        digest = str(result["inputsHash"])
        async with services.database.connection() as conn:
            inputs = await stored_inputs(conn, digest)
        if inputs is None:
            faults.append(f"{result['decision']}: its inputs ({digest[:12]}) are not stored")
        elif not _same(result, decide_again(str(result["rulesVersion"]), inputs)):
            faults.append(f"{result['decision']}: the rule does not say this ({'; '.join(result['reasons'])})")
    return faults


def decide_again(rules_version: str, inputs: Mapping[str, Any]) -> Decided:
    """Run a rule on its stored inputs. Raises Malformed for a rule that render does not have."""
    rule = _RULES.get(rules_version)
    if rule is None:
        raise Malformed(
            f"render has no rule {rules_version!r}", subject="rulesVersion", remedy="Ask the pillar that decided."
        )
    return rule(inputs)


def _short(inputs: Mapping[str, Any]) -> Decided:
    rate = FrameRate.parse(Fraction(inputs["rate"]))
    cuts = tuple(Cut(**cut) for cut in inputs["cuts"])
    shorts = tuple(MarkedShort(**short) for short in inputs["shorts"])
    edl = LockedEdl("", 0, "", rate, inputs["frames"], cuts, shorts, {}, ())
    decided = window.choose_window(edl, Fraction(inputs["limitFrames"]) / rate.value).decided
    if decided is None:
        raise Malformed("a stored window without a limit", subject="limitFrames")
    return decided


def _short_v2(inputs: Mapping[str, Any]) -> Decided:
    found = short.choose_short(
        short.Talk(
            FrameRate.parse(Fraction(inputs["rate"])), inputs["frames"], inputs["limitFrames"],
            tuple(Cut(**cut) for cut in inputs["cuts"]), tuple(MarkedShort(**mark) for mark in inputs["shorts"]),
            tuple(short.Spoken(**sentence) for sentence in inputs["sentences"]),
        )
    )  # fmt: skip
    if found is None:
        raise Malformed("a stored short without a stretch that fits", subject="sentences")
    return found[2]


def _thumbnail(inputs: Mapping[str, Any]) -> Decided:
    candidates = [thumbnail.Candidate(c["frame"], c["camera"], thumbnail.Score(**c["score"])) for c in inputs["candidates"]]
    return thumbnail.choose_picture(candidates, FrameRate.parse(Fraction(inputs["rate"])))[1]


def _thumbnail_v2(inputs: Mapping[str, Any]) -> Decided:
    pictures = [
        thumbnail_rank.Picture(p["frame"], p["camera"], thumbnail.Score(**p["score"]), float(p["change"]))
        for p in inputs["pictures"]
    ]
    return thumbnail_rank.rank_pictures(pictures, FrameRate.parse(Fraction(inputs["rate"])), inputs["lookedAt"])[1]


def _framing(inputs: Mapping[str, Any]) -> Decided:
    motions = [framing.Motion(motion["frame"], tuple(motion["columns"])) for motion in inputs["motions"]]
    told = None if inputs["told"] is None else Fraction(inputs["told"])
    return framing.place_subject(inputs["camera"], Fraction(inputs["cropShare"]), motions, told).decided


def _loudness(inputs: Mapping[str, Any]) -> Decided:
    final = inputs["final"]
    trial = loudness.Trial(loudness.Setting(**final["setting"]), _measurement(final["measured"]))
    return loudness.judge(_measurement(inputs["source"]), trial, AudioCodec(**inputs["target"]))


def _measurement(stored: Mapping[str, Any]) -> loudness.Measurement:
    return loudness.Measurement(*(float(stored[name]) for name in ("lufs", "true_peak_dbtp")))  # "-Infinity" is a float too


_RULES: Mapping[str, Callable[[Mapping[str, Any]], Decided]] = {
    window.RULES_VERSION: _short,
    short.RULES_VERSION: _short_v2,
    thumbnail.RULES_VERSION: _thumbnail,
    thumbnail_rank.RULES_VERSION: _thumbnail_v2,
    loudness.RULES_VERSION: _loudness,
    framing.RULES_VERSION: _framing,
}


def _same(result: Mapping[str, Any], decided: Decided) -> bool:
    verdict = decided.verdict
    return (
        result["decision"] == verdict.decision
        and list(result["reasons"]) == list(verdict.reasons)
        and result["inputsHash"] == verdict.inputs_hash
        and result.get("confidence") == verdict.confidence
    )
