"""The SQL of the record of requests."""

import json
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.taps import Answered

_INSERT = text(
    "INSERT INTO platform.request_log (correlation_id, method, route, status, actor, at, took_ms)"
    " SELECT c, m, r, s, a, t, d FROM json_to_recordset(CAST(:rows AS json))"
    " AS x (c text, m text, r text, s integer, a text, t timestamptz, d double precision)"
)
_PRUNE = text("DELETE FROM platform.request_log WHERE at < clock_timestamp() - make_interval(days => :days)")


async def insert(tx: AsyncConnection, answers: Sequence[Answered]) -> None:
    """Write requests, in one statement."""
    rows = [
        {
            "c": each.correlation_id, "m": each.method, "r": each.route, "s": each.status, "a": each.actor,
            "t": each.at.isoformat(), "d": round(each.took_s * 1000, 1),
        }
        for each in answers
    ]  # fmt: skip
    await tx.execute(_INSERT, {"rows": json.dumps(rows)})


async def prune(tx: AsyncConnection, days: int) -> int:
    """Delete what is older than `days`; return how many rows that were."""
    return int((await tx.execute(_PRUNE, {"days": days})).rowcount)
