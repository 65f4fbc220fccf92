"""The SQL of a member's open tabs and of the seconds that the server has counted for them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.dwell import DwellSession, DwellState
from ruach_studio.formation.store.tables import DWELL


async def get(conn: AsyncConnection, user_id: str) -> DwellState:
    """Return what is counted so far; nothing yet for a new member. Writers hold the user's turn."""
    state: dict[str, Any] | None = await conn.scalar(sa.select(DWELL.c.state).where(DWELL.c.user_id == user_id))
    if state is None:
        return DwellState()
    return DwellState(
        {name: DwellSession(*row) for name, row in state["sessions"].items()},
        tuple((start, end) for start, end in state["claimed"]),
        state["dwellMs"],
        {name: (day, ms) for name, (day, ms) in state.get("ofDay", {}).items()},
    )


async def put(tx: AsyncConnection, user_id: str, state: DwellState, at: datetime) -> None:
    """Write the member's state, whatever stood there."""
    sessions = {name: [each.node_id, each.sequence, each.accepted_ms] for name, each in state.sessions.items()}
    plain = {"sessions": sessions, "claimed": [list(each) for each in state.claimed], "dwellMs": dict(state.dwell_ms)}
    plain["ofDay"] = {name: list(each) for name, each in state.of_day.items()}
    statement = pg_insert(DWELL).values(user_id=user_id, state=plain, updated_at=at)
    changed = {"state": statement.excluded.state, "updated_at": statement.excluded.updated_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=[DWELL.c.user_id], set_=changed))
