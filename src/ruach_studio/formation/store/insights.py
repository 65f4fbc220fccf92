"""Turn insights and their votes into rows and back. Who may see which is decided here too, once: see `readable`.

Lock order: the author's turn (where there is one), the insight's row, the audit's chain last.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.insights import State, Tally, Vote
from ruach_studio.formation.store.tables import ENROLLMENT, METADATA
from ruach_studio.kernel.errors import NotFound

_TIME = sa.DateTime(timezone=True)
INSIGHT = sa.Table(
    "insight",
    METADATA,
    sa.Column("insight_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("enrollment_id", UUID(as_uuid=False), nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("reflection_id", UUID(as_uuid=False)),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("text", sa.Text),
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("submitted_at", _TIME, nullable=False),
    sa.Column("decided_at", _TIME),
    sa.Column("decided_by", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("published_at", _TIME),
    sa.Column("erased_at", _TIME),
)
VOTE = sa.Table(
    "insight_vote",
    METADATA,
    sa.Column("insight_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("vote", sa.Text, nullable=False),
    sa.Column("voted_at", _TIME, nullable=False),
)
_NEWEST_PUBLISHED = (INSIGHT.c.published_at.desc(), INSIGHT.c.insight_id.desc())


class InsightNotFound(NotFound):
    """There is no such insight that you may see."""

    code = "insight_not_found"


@dataclass(frozen=True, slots=True)
class Insight:
    """One insight. `text` is None once it was erased; `reason` is the operator's last word on it."""

    insight_id: str
    enrollment_id: str
    user_id: str
    reflection_id: str | None
    phase: str
    text: str | None
    text_sha256: str
    state: State
    submitted_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str = ""
    published_at: datetime | None = None
    erased_at: datetime | None = None


async def insert(tx: AsyncConnection, insight: Insight) -> bool:
    """Insert an insight; False if its author has one of the same text that is not erased."""
    values: dict[str, Any] = {name: getattr(insight, name) for name in Insight.__slots__}
    statement = pg_insert(INSIGHT).values(values)
    once = statement.on_conflict_do_nothing(
        index_elements=["user_id", "text_sha256"], index_where=sa.text("state <> 'erased'")
    )
    return (await tx.execute(once.returning(INSIGHT.c.insight_id))).first() is not None


async def same_text(conn: AsyncConnection, user_id: str, text_sha256: str) -> Insight | None:
    """Return the author's living insight of that text, or None."""
    wanted = (INSIGHT.c.user_id == user_id) & (INSIGHT.c.text_sha256 == text_sha256) & (INSIGHT.c.state != "erased")
    return _one((await conn.execute(sa.select(INSIGHT).where(wanted))).one_or_none())


async def get(conn: AsyncConnection, insight_id: str, *, lock: bool = False) -> Insight:
    """Return any insight, for who may see all; `lock` holds its row until the transaction ends. Raises InsightNotFound."""
    statement = sa.select(INSIGHT).where(INSIGHT.c.insight_id == insight_id)
    found = _one((await conn.execute(statement.with_for_update() if lock else statement)).one_or_none())
    if found is None:
        raise InsightNotFound(subject=insight_id)
    return found


async def readable(
    conn: AsyncConnection, insight_id: str, user_id: str, path_id: str, phases: Collection[str], *, hold: bool = False
) -> Insight:
    """Return an insight that this member may see: their own, or a published one of the phases they reached on its path.

    `hold`: it stays so until the transaction ends. Raises InsightNotFound for any other: whether it exists is not told.
    """
    statement = sa.select(INSIGHT).where((INSIGHT.c.insight_id == insight_id) & (_own(user_id) | _shown(path_id, phases)))
    found = _one((await conn.execute(statement.with_for_update(read=True) if hold else statement)).one_or_none())
    if found is None:
        raise InsightNotFound(subject=insight_id)
    return found


async def published(
    conn: AsyncConnection, path_id: str, phases: Collection[str], *, after: str | None, limit: int
) -> list[Insight]:  # fmt: skip
    """Return published insights of these phases of a path, the newest first; a page behind the insight `after`."""
    statement = sa.select(INSIGHT).where(_shown(path_id, phases)).order_by(*_NEWEST_PUBLISHED).limit(limit)
    if after is not None:
        last = sa.select(INSIGHT.c.published_at, INSIGHT.c.insight_id).where(INSIGHT.c.insight_id == after).subquery()
        behind = sa.tuple_(INSIGHT.c.published_at, INSIGHT.c.insight_id) < sa.tuple_(last.c.published_at, last.c.insight_id)
        statement = statement.where(behind)
    return await _many(conn, statement)


async def of_user(conn: AsyncConnection, user_id: str, *, limit: int) -> list[Insight]:
    """Return an author's own insights in any state, the newest first."""
    statement = sa.select(INSIGHT).where(_own(user_id)).order_by(INSIGHT.c.submitted_at.desc(), INSIGHT.c.insight_id)
    return await _many(conn, statement.limit(limit))


async def in_state(conn: AsyncConnection, state: State, *, limit: int) -> list[Insight]:
    """Return the insights in one state, those that waited longest first: the operators' queue."""
    statement = sa.select(INSIGHT).where(INSIGHT.c.state == state)
    return await _many(conn, statement.order_by(INSIGHT.c.submitted_at, INSIGHT.c.insight_id).limit(limit))


async def of_reflection(tx: AsyncConnection, user_id: str, reflection_id: str) -> list[Insight]:
    """Return the author's insights that were taken from a reflection and are not erased."""
    wanted = _own(user_id) & (INSIGHT.c.reflection_id == reflection_id) & (INSIGHT.c.state != "erased")
    return await _many(tx, sa.select(INSIGHT).where(wanted).order_by(INSIGHT.c.insight_id))


async def waiting(conn: AsyncConnection, user_id: str) -> int:
    """Return how many of the author's insights wait for an operator."""
    wanted = _own(user_id) & (INSIGHT.c.state == "submitted")
    return int((await conn.execute(sa.select(sa.func.count()).where(wanted))).scalar_one())


async def update(tx: AsyncConnection, insight_id: str, **columns: object) -> None:
    """Change columns of an insight whose row is locked."""
    await tx.execute(INSIGHT.update().where(INSIGHT.c.insight_id == insight_id).values(**columns))


async def put_vote(tx: AsyncConnection, insight_id: str, user_id: str, vote: Vote, at: datetime) -> None:
    """Write a member's vote, or change it."""
    statement = pg_insert(VOTE).values(insight_id=insight_id, user_id=user_id, vote=vote, voted_at=at)
    changed = {"vote": statement.excluded.vote, "voted_at": statement.excluded.voted_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=["insight_id", "user_id"], set_=changed))


async def drop_vote(tx: AsyncConnection, insight_id: str, user_id: str) -> bool:
    """Take a member's vote back; False if there is none."""
    wanted = (VOTE.c.insight_id == insight_id) & (VOTE.c.user_id == user_id)
    return (await tx.execute(VOTE.delete().where(wanted))).rowcount == 1


async def votes(
    conn: AsyncConnection, insight_ids: Sequence[str], user_id: str
) -> tuple[dict[str, Tally], dict[str, Vote]]:  # fmt: skip
    """Return the tally of each of these insights that has votes, and this member's own votes; nobody else's."""
    counted: dict[str, dict[str, int]] = {}
    wanted = VOTE.c.insight_id.in_(insight_ids)
    by_kind = sa.select(VOTE.c.insight_id, VOTE.c.vote, sa.func.count().label("number")).where(wanted)
    for row in await conn.execute(by_kind.group_by(VOTE.c.insight_id, VOTE.c.vote)):
        counted.setdefault(row.insight_id, {})[row.vote] = row.number
    own = await conn.execute(sa.select(VOTE.c.insight_id, VOTE.c.vote).where(wanted & (VOTE.c.user_id == user_id)))
    return {name: Tally(**each) for name, each in counted.items()}, {row.insight_id: row.vote for row in own}


def _own(user_id: str) -> sa.ColumnElement[bool]:
    return INSIGHT.c.user_id == user_id


def _shown(path_id: str, phases: Collection[str]) -> sa.ColumnElement[bool]:
    of_path = (ENROLLMENT.c.enrollment_id == INSIGHT.c.enrollment_id) & (ENROLLMENT.c.path_id == path_id)
    written_there = sa.exists().where(of_path).correlate(INSIGHT)
    return (INSIGHT.c.state == "published") & INSIGHT.c.phase.in_(sorted(phases)) & written_there


def _one(row: sa.Row[Any] | None) -> Insight | None:
    return None if row is None else Insight(**row._mapping)


async def _many(conn: AsyncConnection, statement: sa.Select[Any]) -> list[Insight]:
    return [Insight(**row._mapping) for row in await conn.execute(statement)]
