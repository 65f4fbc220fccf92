"""The command line sends each statement once, also when it is killed in the middle, and exports what it would send."""

import asyncio
import json
import os
import signal
import sys
import uuid
from datetime import UTC, datetime

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.app.wiring import Services
from ruach_studio.app.xapi import run
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.store import enrollments, graphs, journal, statements
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.journal import Cursor
from ruach_studio.formation.xapi import statement_id
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import load_settings
from ruach_studio.testing.lrs import PASSWORD, USER, RecordStore, serving

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROGRAM = "import sys; from ruach_studio.app.cli.formation_xapi import app; app(args=sys.argv[1:])"
GRAPH = Graph(1, (Node("s1", 1, "awakening", "section", "One", "content/s1"),))


@pytest.fixture
async def written(database):
    """The ids of the statements of 450 events of one member, in order."""
    row = Enrollment(str(uuid.uuid4()), "7", GRAPH.path_id, 1, 0, "formation_journey", "UTC", AT)
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            await graphs.insert_path(tx, graphs.Path(GRAPH.path_id, "A path", "", None, AT, "test"))
            await graphs.insert_version(tx, GRAPH, actor="test", at=AT, reason="x", content_hash="0" * 64, mapping={})
            await enrollments.insert(tx, row)
            for number in range(450):
                data = {"sectionId": f"s{number}", "phase": "awakening", "dwellTimeSeconds": 1}
                event = JournalEvent(new_id(), "7", row.enrollment_id, "section_viewed", f"s{number}", AT, data)
                await journal.append(tx, event)
    return [statement_id(row.enrollment_id, version) for version in range(1, 451)]


@pytest.fixture
def command(database_url, tmp_path):
    """Start `ruach formation xapi …` as a process of its own against this test's database."""

    async def start(*words, endpoint=None, password=PASSWORD):
        told = {
            "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "RUACH_DATABASE_URL": database_url,
            "RUACH_DATA_DIR": str(tmp_path / "data"), "RUACH_PUBLIC_URL": "https://studio.example",
        }  # fmt: skip
        if endpoint is not None:
            told |= {"RUACH_XAPI_URL": endpoint, "RUACH_XAPI_USER": USER, "RUACH_XAPI_PASSWORD": password}
        pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
        return await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, *words, env=told, cwd=tmp_path, **pipes)

    return start


async def done(process):
    out, errors = await process.communicate()
    return process.returncode, out.decode(), errors.decode()


@pytest.mark.slow
async def test_killed_in_the_middle_the_next_push_goes_on_and_doubles_nothing(command, written, database):
    store = RecordStore()
    async with serving(store) as endpoint:
        store.hold = asyncio.Event()  # it stores the first page and never answers
        process = await command("push", endpoint=endpoint)
        await asyncio.wait_for(store.held.wait(), 60)
        process.send_signal(signal.SIGKILL)
        assert (await done(process))[0] == -signal.SIGKILL
        store.hold.set()
        assert len(store.stored) == 200
        async with database.connection() as conn:
            assert await statements.load(conn, endpoint) == Cursor()
        code, out, _ = await done(await command("push", "--json", endpoint=endpoint))
        assert (code, json.loads(out)["sent"]) == (0, 450)
        assert (list(store.stored), store.conflicts) == (written, [])
        assert [len(batch) for batch in store.batches] == [200, 200, 200, 50]  # the first page twice, under the same ids
        assert store.batches[0] == store.batches[1]


@pytest.mark.slow
async def test_export_writes_one_statement_a_line_and_goes_on_from_a_cursor(command, written, tmp_path):
    code, out, errors = await done(await command("export"))
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, [each["id"] for each in lines]) == (0, written)
    assert lines[0]["actor"]["account"] == {"homePage": "https://studio.example", "name": "7"}
    cursor = errors.split("cursor ")[-1].strip()
    code, _, errors = await done(await command("export", "--cursor", cursor, "--out", "rest.ndjson"))
    assert (code, (tmp_path / "rest.ndjson").read_text(), errors.strip()) == (0, "", f"cursor {cursor}")


@pytest.mark.slow
async def test_status_says_how_far_it_is_and_what_was_refused(command, written):
    store = RecordStore(refuses=lambda each: 400 if each["id"] == written[7] else None)
    async with serving(store) as endpoint:
        code, out, errors = await done(await command("push", endpoint=endpoint))
        assert (code, out[:42]) == (0, "449 statements sent, 1 refused and parked;")
        assert "xapi.statement.parked" in errors
        after = json.loads((await done(await command("status", "--json", endpoint=endpoint)))[1])
        assert (after["eventsBehind"], [each["statementId"] for each in after["parked"]]) == (0, [written[7]])


async def test_what_a_person_must_mend_is_said(written, database_url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))
    push, store = ["formation", "xapi", "push"], RecordStore()
    assert await asyncio.to_thread(run_command, push) != 0
    assert "RUACH_XAPI_URL" in capsys.readouterr().err
    async with serving(store) as endpoint:
        for name, value in {"URL": endpoint, "USER": USER, "PASSWORD": "not-the-one"}.items():
            monkeypatch.setenv(f"RUACH_XAPI_{name}", value)
        assert await asyncio.to_thread(run_command, push) != 0
        assert store.stored == {}
        said = capsys.readouterr()
        assert "RUACH_XAPI_PASSWORD" in said.err
        assert "not-the-one" not in said.out + said.err


async def test_the_service_streams_while_it_runs_and_outlives_an_outage(database, written, tmp_path, monkeypatch):
    monkeypatch.setattr("ruach_studio.app.xapi.POLL_S", 0.05)
    monkeypatch.setattr("ruach_studio.app.xapi.PAUSES_S", (0.05, 0.1))
    store = RecordStore(statuses=[503, 401, 500])
    async with serving(store) as endpoint:
        settings = load_settings(
            data_dir=tmp_path / "data", xapi_url=endpoint, xapi_user=USER, xapi_password=PASSWORD, xapi_version="2.0.0"
        )
        services = Services(settings, database, BullmqPostgres(database), None, SystemClock())
        stop = asyncio.Event()
        streaming = asyncio.create_task(run(services, stop))
        await asyncio.wait_for(store.full(450), 60)
        stop.set()
        await asyncio.wait_for(streaming, 5)
    assert (list(store.stored), store.statuses) == (written, [])


async def test_without_a_store_nothing_runs(database, tmp_path):
    services = Services(load_settings(data_dir=tmp_path), database, BullmqPostgres(database), None, SystemClock())
    await asyncio.wait_for(run(services, asyncio.Event()), 5)
