"""`ruach ops queues` at a desk: the table, and the word that lets held work go on."""

import asyncio
import json

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.pressure.monitor import PressureMonitor
from ruach_studio.infra.queues.pressure import Thresholds
from ruach_studio.infra.settings import load_settings


@pytest.fixture
def desk(database_url, tmp_path, monkeypatch):
    """The command line on a database in which three stills wait and the queue sheds."""
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))

    async def prepare():
        with bind(correlation_id=new_id()):
            async with open_services(load_settings()) as services:
                async with services.database.transaction() as tx:
                    for _ in range(3):
                        await services.queue.add(tx, "render-jobs", "render", {}, priority=3, pausable=True)
                low = Thresholds(0, 1, 2)
                await PressureMonitor(services.database, services.queue, services.pressure, thresholds=low).judge()

    asyncio.run(prepare())


def test_the_queues_are_shown_and_resumed(desk, capsys):
    assert run_command(["ops", "queues"]) == 0
    out = capsys.readouterr().out
    assert "render-jobs        shedding  depth 3" in out
    assert "3 held since" in out
    assert "next: ruach ops queues resume render-jobs --reason" in out
    assert run_command(["ops", "queues", "resume", "render-jobs", "--reason", "disk is back", "--dry-run"]) == 0
    assert "nothing was written" in capsys.readouterr().out
    assert run_command(["ops", "queues", "resume", "render-jobs", "--reason", "disk is back", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"]["released"] == 3
    assert run_command(["ops", "queues", "resume", "render-jobs", "--reason", "again"]) == 2
    assert "not_paused" in (err := capsys.readouterr().err) or "Nothing of this queue is held back" in err
    assert run_command(["ops", "queues", "--json"]) == 0
    (render,) = [each for each in json.loads(capsys.readouterr().out) if each["queue"] == "render-jobs"]
    assert (render["level"], render["held"], render["pausedSince"]) == ("shedding", 0, None)
