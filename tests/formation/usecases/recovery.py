"""What the proofs of recovery share: who asks, and hands that damage a stored journey as no code of ours ever would."""

import json

import sqlalchemy as sa

from ruach_studio.formation.usecases.examine_enrollment import Asked

ANNA, BEN = "0b5ad1f8-5a0a-4f7c-9d67-2f4b3e1c0a01", "0b5ad1f8-5a0a-4f7c-9d67-2f4b3e1c0a02"


def asked(clock, *, dry_run=False, by=ANNA):
    """Return Anna's wish, now."""
    return Asked(by, f"session:{by}", "it looks wrong", clock.now(), dry_run)


async def damage(database, statement, **given):
    """Run SQL behind the program's back; triggers that keep tables append-only are off meanwhile."""
    async with database.transaction() as tx:
        await tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
        await tx.execute(sa.text(statement), given)


async def alter_snapshot(database, enrollment_id, path, value):
    """Put a value into the stored snapshot, digest untouched."""
    statement = (
        "UPDATE formation.projection SET snapshot = jsonb_set(snapshot, CAST(:path AS text[]), CAST(:value AS jsonb))"
        " WHERE enrollment_id = :id"
    )
    await damage(database, statement, path=path, value=json.dumps(value), id=enrollment_id)


async def everything(database):
    """Return all of formation's rows, the confirmations and the audit: what a dry run must not change."""
    tables = ("formation.journal", "formation.enrollment", "formation.projection", "formation.unmappable",
              "platform.transition_audit", "platform.decision_audit", "platform.outbox", "platform.execution")  # fmt: skip
    async with database.connection() as conn:
        texts = {t: sa.text(f"SELECT CAST({t.split('.')[1]} AS text) FROM {t}") for t in tables}  # noqa: S608
        return {t: sorted((await conn.execute(statement)).scalars()) for t, statement in texts.items()}
