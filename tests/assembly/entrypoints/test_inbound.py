"""A published render makes its session published, once; a session that is edited again stays."""

import sqlalchemy as sa

from ruach_studio.assembly.entrypoints.inbound import consumers
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.usecases.create_session import create_session
from ruach_studio.events.render import RenderCompleted
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.outbox import Relay, publish


async def state_after_render(services, state):
    with bind(correlation_id=new_id()):
        await create_session(services, actor="t", session_id="talk")
        async with services.database.transaction() as tx:
            await tx.execute(sa.text("UPDATE assembly.session SET state = :state"), {"state": state})
            for session in ("talk", "elsewhere"):
                await publish(tx, RenderCompleted(session, new_id(), 1, "full_16_9", "http://x/y", "video/mp4", 1, "0" * 64))
    relay = Relay(services.database, consumers(services))
    while await relay.drain():
        pass
    async with services.database.connection() as conn:
        parked = (await conn.execute(sa.text("SELECT count(*) FROM platform.delivery"))).scalar_one()
        return (await sessions.get(conn, "talk")).state, parked


async def test_rendering_becomes_published(services):
    assert await state_after_render(services, "rendering") == ("published", 0)


async def test_a_session_that_is_edited_again_stays(services):
    assert await state_after_render(services, "editing") == ("editing", 0)
