"""Writers and readers of one member never wait for each other in a circle."""

import asyncio

import pytest

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.store import enrollments, insights, pieces
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.erase_reflection import erase_reflection
from ruach_studio.formation.usecases.publish_path_file import PathFile, publish_path_file
from ruach_studio.formation.usecases.read_insights import list_own_insights
from ruach_studio.formation.usecases.recommend_next_steps import recommend_next_steps
from ruach_studio.formation.usecases.submit_insight import submit_insight
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import record_transition

from .conftest import USER

SOON_S = 5


async def _lock(services, tx, member):
    await enrollments.lock(tx, member.enrollment_id)


async def _append(services, tx, member):
    await take_turn(tx, USER)
    await write_fact(services, tx, member, "phase_started", "separation", {"phase": "separation"}, at=services.clock.now())


@pytest.mark.parametrize("hold", [_lock, _append])
async def test_a_reader_who_keeps_the_first_evidence_does_not_wait_for_a_writer(services, member, ids, hold):
    # the kept text refers to the enrollment's row: were a writer's lock on it exclusive, the reader would hold the text and
    # wait for the row, the projector would hold the row and wait for the text
    async with services.database.transaction() as tx:
        await hold(services, tx, member)
        found = await asyncio.wait_for(recommend_next_steps(services, USER), SOON_S)
    assert next(step.node.node_id for step, _ in found.steps) == "s1"


async def test_erasing_two_insights_at_once_waits_for_nobody_while_it_holds_the_audit(services, member, read_section, good):
    await read_section()
    reflection_id = (await attempt_checkpoint(services, USER, "c1", good)).reflection_id
    words = ("I saw it.", "I learned to ask.")
    taken = [(await submit_insight(services, USER, text=each, reflection_id=reflection_id)).insight for each in words]
    second = max(each.insight_id for each in taken)
    async with services.database.transaction() as tx:  # an operator decides on the second one
        await insights.get(tx, second, lock=True)
        erasing = asyncio.create_task(erase_reflection(services, USER, reflection_id))
        done, _ = await asyncio.wait({erasing}, timeout=1)
        assert not done
        await record_transition(tx, entity="formation-insight", entity_id=second, from_state="a", to_state="b", actor="test")
    await erasing
    assert [each.insight.state for each in await list_own_insights(services, USER)] == ["erased", "erased"]


async def test_a_path_file_s_pieces_are_written_before_the_audit_is_held(services, database, ids, make_node):
    words = (Piece("content/a", "A", "The first words."), Piece("content/b", "B"))
    nodes = (make_node("a", 0), make_node("b", 0, prerequisites=("a",)))
    file = PathFile("other", "Another way", "", Authored(nodes), words)
    async with services.database.transaction() as tx:  # another operator writes the first piece
        await pieces.put(tx, Piece("content/a", "A", "Other words."), actor="test", at=services.clock.now())
        publishing = asyncio.create_task(
            publish_path_file(services, file, expected_version=None, reason="a new path", actor="test")
        )
        done, _ = await asyncio.wait({publishing}, timeout=1)
        assert not done
        await record_transition(tx, entity="formation-piece", entity_id="a", from_state=None, to_state="b", actor="test")
    assert (await publishing).graph.version == 1
