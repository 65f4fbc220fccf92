"""Stored decisions are decided again from the journal; one altered input, fact or word is seen."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.formation.evidence_text import EVIDENCE_VERSION
from ruach_studio.formation.state import REDUCER_VERSION
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.check_access import check_access
from ruach_studio.formation.usecases.compute_score import compute_score
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.recommend_next_steps import recommend_next_steps
from ruach_studio.formation.usecases.recompute_decisions import RULES, decides, recompute_decisions
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.infra.audit import list_decisions, record_decision, stored_inputs
from ruach_studio.kernel.decision import DecisionResult, Verdict
from ruach_studio.kernel.hashing import inputs_hash

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
# rules of search and of insights, whose own tests ask them again
ELSEWHERE = {"retrieval-v1", "canon-v1", "privilege-v1"}


async def results(services):
    async with services.database.connection() as conn:
        return [row["result"] for row in await list_decisions(conn, limit=1000)]


@pytest.fixture
async def lived(services, member, read_section, good, other, project, clock):
    """A member who did a little, with a decision of every rule in the audit."""
    await recommend_next_steps(services, "stranger")
    await check_access(services, "stranger", "s1")
    await enroll_in_formation_path(services, "explorer", covenant="resource_explorer", acknowledged_terms=True)
    for node in ("s1", "s2"):
        await check_access(services, "explorer", node)
    await read_section(beats=1)
    await recommend_next_steps(services, USER)
    await read_section(start=1)
    await project(member)
    await recommend_next_steps(services, USER)
    clock.later(days=1)
    await attempt_checkpoint(services, USER, "c1", good)
    await submit_reflection(services, USER, "r1", other)
    for node in ("s1", "s2", "r1"):
        await check_access(services, USER, node)
    await project(member)
    await compute_score(services, USER)
    await compute_score(services, USER, node_id="s2")
    clock.later(days=8)
    await recommend_next_steps(services, USER, limit=9)
    return await results(services)


async def test_every_decision_of_a_life_is_made_again(services, lived):
    found = await recompute_decisions(services, [each for each in lived if decides(each["rulesVersion"])])
    assert found.faults == ()
    seen = {each["rulesVersion"] for each in lived}
    assert seen >= RULES.keys() - ELSEWHERE
    assert sum(found.not_again.values()) == sum(each["rulesVersion"] not in RULES for each in lived)


async def test_also_after_the_journal_went_on_and_from_another_process(services, lived, read_section, project, member):
    await read_section("s2", session="another")
    await project(member)
    fresh = replace(services, graphs=type(services.graphs)())
    assert (await recompute_decisions(fresh, [e for e in lived if e["rulesVersion"] in RULES])).faults == ()


def _altered(inputs):
    """Yield (what, inputs with that one value changed)."""
    for name, value in inputs.items():
        match value:
            case bool():
                yield name, {**inputs, name: not value}
            case int():
                yield name, {**inputs, name: 0 if name == "limit" else value + 1}  # one more step changes no other
            case str() if name == "covenant":
                yield name, {**inputs, name: None}
            case str() if name == "asOf":
                yield name, {**inputs, name: "2026-04-01T00:00:00+00:00"}
            case str():
                yield name, {**inputs, name: value + "x"}
            case dict():
                yield from ((f"{name}.{inner}", {**inputs, name: each}) for inner, each in _altered(value))
            case list() if value:
                yield name, {**inputs, name: value[1:]}


async def forged(services, result, inputs):
    """Record what `result` says as if the rule had read `inputs`, chain and hashes in order; return its wire form."""
    verdict = Verdict(result["decision"], tuple(result["reasons"]), inputs_hash(inputs), result["rulesVersion"])
    lie = DecisionResult(verdict, services.clock.now(), result["correlationId"])
    async with services.database.transaction() as tx:
        await record_decision(tx, lie, subject="forged", inputs=inputs)
    return lie.to_wire()


async def test_one_altered_input_is_seen_whichever_it_is(services, lived):
    """Some decision of the life must turn out false for each input that is altered, hashes and chain being in order."""
    seen: dict[tuple[str, str], bool] = {}
    for result in lived:
        if result["rulesVersion"] in RULES:
            async with services.database.connection() as conn:
                inputs = await stored_inputs(conn, result["inputsHash"])
            for what, other in _altered(inputs):
                key = (result["rulesVersion"], what)
                if not seen.get(key):
                    found = await recompute_decisions(services, [await forged(services, result, other)])
                    seen[key] = bool(found.faults or found.not_again)
    blind = {("attempt-v1", name) for name in ("asOf", "node", "failures")}  # no word about a passed attempt depends on them
    assert {key for key, noticed in seen.items() if not noticed} == blind
    assert {("next-v1", "evidence.sha256"), ("next-v1", "evidence.journalVersion"), ("gate-v1", "node"),
            ("next-v1", "asOf"), ("score-v1", "sections.s1"), ("score-v1", "activeDays"), ("covenant-v1", "covenant"),
            ("attempt-v1", "quality")} <= seen.keys()  # fmt: skip


async def test_a_word_that_the_rule_does_not_say_is_seen(services, lived):
    result = next(each for each in lived if each["rulesVersion"] == "next-v1")
    found = await recompute_decisions(services, [{**result, "reasons": ["because"]}, {**result, "decision": "s9"}])
    assert [fault.split(":")[0] for fault in found.faults] == [result["decision"], "s9"]
    assert "the rule does not say this (because)" in found.faults[0]


async def test_an_altered_fact_in_the_journal_is_seen(services, lived):
    kept = [each for each in lived if each["rulesVersion"] in RULES]
    async with services.database.transaction() as tx:
        await tx.execute(sa.text("ALTER TABLE formation.journal DISABLE TRIGGER USER"))
        await tx.execute(
            sa.text(
                "UPDATE formation.journal SET data = jsonb_set(data, '{depthScore}', '1')"
                " WHERE event_type = 'reflection_analyzed'"
            )
        )
    found = await recompute_decisions(services, kept)
    assert found.faults
    assert all("the journal gives" in fault for fault in found.faults)


async def test_lost_inputs_are_seen(services, lived):
    result = {**next(each for each in lived if each["rulesVersion"] == "gate-v1"), "inputsHash": "0" * 64}
    found = await recompute_decisions(services, [result])
    assert found.faults == (f"{result['decision']}: its inputs (000000000000) are not stored",)


async def test_another_reducer_is_no_fault_but_said(services, lived):
    result = next(each for each in lived if each["rulesVersion"] == "next-v1")
    async with services.database.connection() as conn:
        inputs = await stored_inputs(conn, result["inputsHash"])
    older = {**inputs, "evidence": {**inputs["evidence"], "reducer": "formation-state-v0"}}
    found = await recompute_decisions(services, [await forged(services, result, older)])
    assert (found.faults, sum(found.not_again.values())) == ((), 1)
    assert REDUCER_VERSION in next(iter(found.not_again))
    assert EVIDENCE_VERSION == "evidence-v1"


def test_other_pillars_rules_are_not_formation_s():
    assert decides("gate-v1")
    assert decides("refl-rules-v1")
    assert not decides("angle-v2")
    assert not asyncio.iscoroutinefunction(decides)
