"""A repair settles its enrollment's dead projections and has unread texts read again; a dry run only says so."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.formation.entrypoints.commands import commands
from ruach_studio.formation.entrypoints.jobs import hooks
from ruach_studio.formation.ports import Opinion
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.infra.commands import Call
from ruach_studio.infra.queues import JobError, get_execution, list_dead_letters
from ruach_studio.infra.queues.failure import record_failure

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
OPEN = sa.text("SELECT id, name FROM platform.execution WHERE state = 'queued' ORDER BY created_at")


class Model:
    """A language model that is never asked in this test."""

    async def assess(self, given):
        return Opinion(900, False, True, "sound", "llm", "refl-llm-v1", ("good",))


@pytest.fixture
async def dead(services, member, read_section, good, database):
    """Let every job of a member with one unread text die; return {name: [ids of the dead]}."""
    await read_section()
    await submit_reflection(replace(services, assessor=Model()), USER, "r1", good)
    found = {}
    async with database.transaction() as tx:
        for job_id, name in (await tx.execute(OPEN)).all():
            code = "graph_version_not_found" if name == "project" else "assessor_unavailable"
            outcome = await record_failure(tx, services.queue, hooks(services), job_id, JobError(code, "gone", False))
            assert outcome.dead
            found.setdefault(name, []).append(job_id)
    return found


@pytest.fixture
def repair(services, database, member):
    (command,) = [each for each in commands(services) if each.name == "formation.repair"]

    async def run(strategy, *, dry_run=False):
        params = command.parsed({"enrollmentId": member.enrollment_id, "strategy": strategy})
        at = services.clock.now() + timedelta(minutes=1)
        call = Call(params, "mended", "session:op", "op", at, dry_run=dry_run)
        async with database.transaction() as tx:
            return (await command.atomic(tx, call)).get("deadLetters")

    return run


@pytest.fixture
def letters(database):
    async def reading():
        async with database.connection() as conn:
            return await list_dead_letters(conn, queue="formation-state")

    return reading


async def test_a_replay_settles_projections_and_a_reset_has_texts_read_again(dead, repair, letters, database, member):
    (unread,) = dead["assess"]
    assert {each["source_id"] for each in await letters()} == {*dead["project"], unread}
    (assess,) = [each for each in await letters() if each["name"] == "assess"]
    assert assess["facts"] == {"enrollmentId": member.enrollment_id}
    told = await repair("reset-score", dry_run=True)
    assert (sorted(told["settled"]), told["readAgain"]) == (sorted(dead["project"]), [unread])
    assert len(await letters()) == len(dead["project"]) + 1, "a dry run settles nothing"
    await repair("replay")
    (letter,) = await letters()
    assert letter["source_id"] == unread, "a replay reads no texts"
    assert (await repair("reset-score"))["readAgain"] == [unread]
    assert await letters() == []
    async with database.connection() as conn:
        (again,) = [job_id for job_id, name in (await conn.execute(OPEN)).all() if name == "assess"]
        job = await get_execution(conn, again)
    assert (job.retry_of, job.payload) == (unread, assess["payload"])
    assert await repair("reset-score") is None
