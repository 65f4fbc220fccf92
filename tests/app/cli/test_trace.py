"""`ruach trace ID` prints a line for everything that happened, or JSON; an unknown id is an error that says what to give."""

import asyncio
import json

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.settings import load_settings


@pytest.fixture
def job(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))

    async def prepare():
        with bind(correlation_id=new_id()) as ids:
            async with open_services(load_settings()) as services, services.database.transaction() as tx:
                return ids.correlation_id, await services.queue.add(tx, "assembly-jobs", "[sync]", {"sessionId": "talk-1"})

    return asyncio.run(prepare())


def test_the_story_at_a_terminal(job, capsys):
    correlation_id, job_id = job
    assert run_command(["trace", correlation_id]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(f"assembly-jobs/[sync] {job_id} queued")
    assert "  job.queued  " in line
    assert run_command(["trace", "talk-1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["correlationIds"], told["jobIds"], told["leftOut"]) == ([correlation_id], [job_id], 0)
    assert [(each["what"], each["jobId"]) for each in told["lines"]] == [("job.queued", job_id)]
    assert run_command(["trace", new_id()]) != 0
    assert "Give a correlationId" in capsys.readouterr().err
