"""The three recovery commands of render: what a dry run shows, and that it changes nothing."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ruach_studio.infra.commands import Call
from ruach_studio.infra.storage.port import BadKey
from ruach_studio.render.entrypoints.commands import commands
from ruach_studio.render.lifecycle import IllegalTransition
from ruach_studio.render.usecases.cancel_job import AutomationNotFound
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.resume_session import NothingToResume


@pytest.fixture
def run(services):
    """Run a command by name with wire parameters."""
    known = {command.name: command for command in commands(services)}

    async def running(name, dry_run=True, **params):
        command = known[name]
        assert command.supports_dry_run
        call = Call(command.parsed(params), "because", "session:op", "op", datetime.now(UTC), dry_run=dry_run)
        return (await command.stepwise(call))["jobs"]

    return running


@pytest.fixture
def everything(services):
    """Return all that a command could change."""

    async def reading():
        tables = (
            "render.render_job",
            "render.render_step",
            "platform.execution",
            "platform.dead_letter",
            "platform.outbox",
            "bullmq.job",
        )
        async with services.database.connection() as conn:
            return {table: sorted(map(str, await conn.execute(text(f"select * from {table}")))) for table in tables}  # noqa: S608

    return reading


async def test_a_dry_run_shows_what_would_be_kept_and_changes_nothing(
    small, services, lock, wire, work, run, everything, monkeypatch
):
    await lock(wire)
    (asked,) = await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    job = {"renderJobId": asked.job.render_job_id}
    assert [each["status"] for each in await run("render.cancelAll", automationId=asked.job.automation_id)] == ["queued"]
    with pytest.raises(IllegalTransition):
        await run("render.retry", **job)
    with pytest.raises(NothingToResume):
        await run("render.resume", sessionId="talk-1", step="upload")

    async def refuse(key, path, **options):
        raise BadKey("planted", subject=key)

    monkeypatch.setattr(services.store, "put_file", refuse)
    async with work():
        while (await list_jobs(services, "talk-1"))[0].job.state != "dead-letter":
            pass
    before = await everything()
    (shown,) = await run("render.retry", **job)
    assert (shown["status"], shown["keptSteps"]) == ("dead-letter", ["preflight", "render", "normalize"])
    (shown,) = await run("render.resume", sessionId="talk-1", step="normalize")
    assert shown["keptSteps"] == ["preflight", "render"]
    assert await run("render.cancelAll", automationId=asked.job.automation_id) == []
    assert await everything() == before
    (shown,) = await run("render.resume", sessionId="talk-1", step="normalize", dry_run=False)
    assert (shown["status"], shown["retryOf"]) == ("queued", asked.job.render_job_id)
    assert "keptSteps" not in shown


async def test_a_batch_that_nobody_asked_for_is_named(run):
    with pytest.raises(AutomationNotFound):
        await run("render.cancelAll", automationId="00000000-0000-4000-8000-000000000000")
