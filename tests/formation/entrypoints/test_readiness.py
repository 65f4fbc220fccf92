"""Formation or its search slow or broken leaves the service ready: /readyz says degraded, and which."""

import psycopg
import pytest
import sqlalchemy as sa


async def readyz(caller):
    answer = await (await caller()).get("/readyz")
    return answer.status_code, {name: each["status"] for name, each in answer.json()["checks"].items()}, answer.text


@pytest.mark.parametrize(("table", "part"), [("journal", "formation"), ("chunk", "search")])
async def test_a_table_that_somebody_holds(caller, database_url, table, part):
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute(f"LOCK TABLE formation.{table} IN ACCESS EXCLUSIVE MODE")
        status, parts, text = await readyz(caller)
        await holder.rollback()
    assert (status, parts[part], parts["database"]) == (200, "degraded", "ok"), text
    assert parts["journalReaders"] == ("degraded" if table == "journal" else "ok")


@pytest.mark.parametrize(("table", "part"), [("journal", "formation"), ("chunk", "search")])
async def test_a_table_that_is_gone(caller, database, table, part):
    async with database.transaction() as tx:
        await tx.execute(sa.text(f"ALTER TABLE formation.{table} RENAME TO lost"))
    status, parts, text = await readyz(caller)
    assert (status, parts[part], parts["database"]) == (200, "degraded", "ok"), text
    assert "ProgrammingError" in text
