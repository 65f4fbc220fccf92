"""Migration 0025 gives the dead letters of an older release their subjects, so that a later job settles them too."""

import asyncio
import json

import pytest
from sqlalchemy import text

from ruach_studio.infra.db import Database, migrate

from .test_migrate import bring_to, empty_url  # noqa: F401  (a fixture)

OLD = text(
    "INSERT INTO platform.dead_letter (id, kind, queue, name, source_id, payload, correlation_id, error, attempts)"
    " VALUES (:id, :kind, :queue, :name, :id, CAST(:payload AS jsonb), 'c', '{}', '[]')"
)
LETTERS = [
    ("job", "render-jobs", "render", {"sessionId": "s", "format": "f", "edlVersion": 2}, {"sessionId": "s", "format": "f"}),
    ("job", "assembly-jobs", "sync", {"sessionId": "s", "actor": "x"}, {"sessionId": "s"}),
    ("job", "formation-state", "assess", {"reflectionId": "r"}, {"reflectionId": "r"}),
    ("event", "assembly.sessions", "render.completed", {"sessionId": "s"}, None),
]


@pytest.mark.slow
async def test_letters_from_before_get_the_subject_that_their_kind_has(empty_url):  # noqa: F811
    await asyncio.to_thread(bring_to, empty_url, "0022")
    async with Database(empty_url) as database:
        async with database.transaction() as tx:
            for number, (kind, queue, name, payload, _) in enumerate(LETTERS):
                given = {"id": str(number), "kind": kind, "queue": queue, "name": name, "payload": json.dumps(payload)}
                await tx.execute(OLD, given)
        await migrate(empty_url)
        async with database.connection() as conn:
            rows = await conn.execute(text("SELECT subject, version_key, facts FROM platform.dead_letter ORDER BY id"))
            found = [tuple(row) for row in rows]
    assert found == [(subject, "edlVersion" if number == 0 else None, {}) for number, (*_, subject) in enumerate(LETTERS)]
