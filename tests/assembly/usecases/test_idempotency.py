"""Auto-EDL, key sessionId + syncVersion: asked again, 20 times at once or after a crash, the same draft and one effect."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from ruach_studio.assembly.edl import edl_bytes
from ruach_studio.assembly.usecases.assemble import assemble, auto_key
from ruach_studio.assembly.usecases.draft import DraftOptions

ACTOR = "session:tester"
CHILD = Path(__file__).with_name("killed_assemble.py")


async def effects(database) -> dict[str, int]:
    """What one draft leaves: versions, announcements, moves of the session, decisions."""
    counted = {
        "versions": "SELECT count(*) FROM assembly.edl_version",
        "keys": "SELECT count(*) FROM assembly.edl_version WHERE auto_key = :key",
        "events": "SELECT count(*) FROM platform.outbox WHERE event_type = 'edl.draft.created'",
        "moves": "SELECT count(*) FROM platform.transition_audit WHERE entity = 'edl'",
        "decisions": "SELECT count(*) FROM platform.decision_audit WHERE subject LIKE 'cut:%'",
    }
    async with database.connection() as conn:
        return {name: await conn.scalar(text(query), {"key": auto_key("talk", 1)}) for name, query in counted.items()}


@pytest.mark.slow
async def test_twice_in_sequence_and_20_at_once_one_draft(services, synced):
    at_once = await asyncio.gather(*(assemble(services, synced, actor=ACTOR) for _ in range(20)))
    assert sum(each.created for each in at_once) == 1
    after = await effects(services.database)
    again = await assemble(services, synced, actor=ACTOR, options=DraftOptions(ruleset="angle-v1"))
    assert not again.created
    assert {edl_bytes(each.edl) for each in (*at_once, again)} == {edl_bytes(at_once[0].edl)}
    assert await effects(services.database) == after
    cuts = len(at_once[0].edl.program)
    assert after == {"versions": 1, "keys": 1, "events": 1, "moves": 1, "decisions": cuts}


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "created"), [("before", True), ("after", False)])
async def test_after_a_crash_on_either_side_of_the_commit_one_draft(services, synced, footage, moment, created):
    child = await asyncio.create_subprocess_exec(
        sys.executable, CHILD, services.database.dsn, services.settings.data_dir, footage.folder, synced, moment
    )
    assert await child.wait() == -signal.SIGKILL
    found = await asyncio.gather(*(assemble(services, synced, actor=ACTOR) for _ in range(3)))
    assert sum(each.created for each in found) == created
    assert len({edl_bytes(each.edl) for each in found}) == 1
    assert await effects(services.database) == {
        "versions": 1, "keys": 1, "events": 1, "moves": 1, "decisions": len(found[0].edl.program),
    }  # fmt: skip
