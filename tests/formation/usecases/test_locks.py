"""Writers and readers of one member never wait for each other in a circle."""

import asyncio

import pytest

from ruach_studio.formation.store import enrollments
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.recommend_next_steps import recommend_next_steps
from ruach_studio.formation.usecases.write_fact import write_fact

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
