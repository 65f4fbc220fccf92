"""The canon as people meet it: five axioms to begin with, read once, cited in own words, written by operators."""

from dataclasses import replace

import pytest

from ruach_studio.formation.axioms import checked_axiom
from ruach_studio.formation.store import axioms, journal
from ruach_studio.formation.usecases.accept_event import accept_event
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.list_axioms import AxiomNotFound, list_axioms
from ruach_studio.formation.usecases.open_node import NotEnrolled, NotTracked
from ruach_studio.formation.usecases.recompute_decisions import recompute_decisions
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.formation.usecases.view_axiom import AxiomGated, view_axiom
from ruach_studio.formation.usecases.write_axiom import write_axiom
from ruach_studio.infra.audit import list_decisions, list_transitions
from ruach_studio.kernel.errors import BadInput, Malformed

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
OPENING = ["axiom-scripture", "axiom-trinity", "axiom-grace"]


async def canon(services):
    async with services.database.connection() as conn:
        return await axioms.canon(conn)


async def test_five_axioms_stand_from_the_start_and_hold_their_own_rules(services):
    found = await canon(services)
    assert list(found) == [*OPENING, "axiom-lordship", "axiom-warfare"]
    for axiom in found.values():
        assert checked_axiom(axiom, found) is axiom
        assert len(axiom.definition.split()) >= 40
    assert [found["axiom-warfare"].tier, found["axiom-warfare"].unlock_phase] == [1, "discernment"]


async def test_the_first_reading_is_noted_once(services, member, types, journey, clock):
    first = await view_axiom(services, USER, "axiom-grace")
    assert (first.recorded, first.axiom.title, first.reading.verdict.reasons) == (True, "Grace", ("awakening is reached",))
    clock.later(hours=1)
    again = await view_axiom(services, USER, "axiom-grace")
    assert (again.recorded, again.reading.verdict.reasons) == (False, ("read before; what was read stays open",))
    assert [each for each in await types(member) if each[0] == "canon_definition_viewed"] == [
        ("canon_definition_viewed", "axiom-grace")
    ]  # fmt: skip
    listed = {each.axiom.axiom_id: each for each in await list_axioms(services, USER)}
    assert listed["axiom-grace"].viewed_at == (await journey(member)).state.axioms_viewed["axiom-grace"]
    assert listed["axiom-scripture"].viewed_at is None
    async with services.database.connection() as conn:
        (decided,) = await list_decisions(conn, subject=member.enrollment_id)
    assert decided["result"]["rulesVersion"] == "canon-v1"
    assert (await recompute_decisions(services, [decided["result"]])).faults == ()


async def test_a_shut_axiom_shows_no_word_and_writes_nothing(services, member, types):
    before = await types(member)
    with pytest.raises(AxiomGated) as refused:
        await view_axiom(services, USER, "axiom-warfare")
    assert refused.value.details["reasons"] == ["it opens with discernment; you are in awakening"]
    assert "enemy" not in str(refused.value)
    with pytest.raises(AxiomGated):
        await accept_event(services, USER, "canon_definition_viewed", "axiom-warfare")
    with pytest.raises(AxiomNotFound):
        await view_axiom(services, USER, "axiom-nothing")
    assert await types(member) == before


async def test_who_is_not_on_the_path_reads_nothing_and_an_explorer_leaves_no_record(
    services, publish, small_graph, ids, types
):
    with pytest.raises(NotEnrolled):
        await view_axiom(services, USER, "axiom-grace")
    with pytest.raises(NotEnrolled):
        await list_axioms(services, USER)
    await publish(small_graph)
    done = await enroll_in_formation_path(services, USER, covenant="resource_explorer", acknowledged_terms=True)
    before = await types(done.enrollment)
    assert (await view_axiom(services, USER, "axiom-grace")).recorded is False
    with pytest.raises(AxiomGated):
        await view_axiom(services, USER, "axiom-lordship")
    with pytest.raises(NotTracked):
        await accept_event(services, USER, "canon_definition_viewed", "axiom-grace")
    assert await types(done.enrollment) == before


async def test_a_reflection_cites_what_was_read_and_the_journal_holds_no_word_of_it(
    services, member, read_section, good, journey, clock
):
    await read_section()
    await view_axiom(services, USER, "axiom-grace")
    text = f"{good} I see now that grace is what I live by, and Scripture told me so, because I doubted it. my-secret-word"
    done = await submit_reflection(services, USER, "r1", text)
    state = (await journey(member)).state
    assert state.axioms_cited == {"axiom-grace": 1}, "Scripture was never read"
    async with services.database.connection() as conn:
        events = [event for _, event in await journal.read(conn, member.enrollment_id)]
    cited = next(event for event in events if event.event_type == "canon_axiom_cited")
    assert cited.data == {"axiomId": "axiom-grace", "citationContext": f"reflection {done.reflection_id}"}
    assert "secret" not in str([event.data for event in events])


async def test_an_operator_writes_and_rewrites_an_axiom(services, ids):
    known = await canon(services)
    hope = replace(known["axiom-grace"], axiom_id="axiom-hope", number=6, title="Hope", related=("axiom-grace",))
    assert await write_axiom(services, hope, actor="session:1", reason="it was missing") is True
    assert await write_axiom(services, hope, actor="session:1", reason="again") is False
    assert await write_axiom(services, replace(hope, tier=2), actor="session:1", reason="second rank") is False
    assert (await canon(services))["axiom-hope"].tier == 2
    with pytest.raises(BadInput):
        await write_axiom(services, replace(hope, number=1), actor="session:1", reason="first")
    with pytest.raises(Malformed):
        await write_axiom(services, replace(hope, tier=3), actor="session:1", reason=" ")
    async with services.database.connection() as conn:
        changes = await list_transitions(conn, entity="formation-axiom")
    assert [(each["from"] is None, each["reason"]) for each in changes] == [(False, "second rank"), (True, "it was missing")]
    assert changes[0]["from"] == changes[1]["to"]
