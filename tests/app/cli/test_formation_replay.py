"""`ruach formation replay`: one member's journals or everybody's, compared with what is stored; exit 1 if that differs."""

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.app.cli.main import run_command
from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state import REDUCER_VERSION, digest, replay, to_snapshot
from ruach_studio.formation.store import enrollments, graphs, journal, projections
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.projections import Projection
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMAIL, OTHER = "walker@example.org", "other@example.org"
CHANGED = sa.text("UPDATE formation.projection SET digest = 'x' WHERE enrollment_id = :id")


async def prepare(url):
    """Two members of a path with three events each, projected; return email -> enrollment id."""
    made = {}
    async with Database(url) as database:
        with bind(correlation_id=new_id()):
            async with database.transaction() as tx:
                await graphs.insert_path(tx, graphs.Path("ruach", "A path", "", None, BEGAN, "test"))
                for email in (EMAIL, OTHER):
                    account = await create_account(tx, email, "correct horse battery", ["member"])
                    row = Enrollment(str(uuid.uuid4()), account.account_id, "ruach", 1, 0, "formation_journey", "UTC", BEGAN)
                    await enrollments.insert(tx, row)
                    events = [
                        JournalEvent(str(uuid.uuid4()), row.user_id, row.enrollment_id, "section_completed", f"s{n}",
                                     BEGAN + timedelta(days=n),
                                     {"sectionId": f"s{n}", "phase": "awakening", "totalDwellTimeSeconds": 9})
                        for n in range(3)
                    ]  # fmt: skip
                    await journal.append_many(tx, events)
                    state = replay(enumerate(events, 1))
                    await projections.put(tx, Projection(row.enrollment_id, 3, REDUCER_VERSION, dict(to_snapshot(state)),
                                                         digest(state), BEGAN))  # fmt: skip
                    made[email] = row.enrollment_id
    return made


@pytest.fixture
def members(database_url, tmp_path, monkeypatch):
    made = asyncio.run(prepare(database_url))
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path))
    return made


def change(url, enrollment_id):
    async def run():
        async with Database(url) as database, database.transaction() as tx:
            await tx.execute(CHANGED, {"id": enrollment_id})

    asyncio.run(run())


def told(capsys, *words, code=0):
    assert run_command(["formation", "replay", *words]) == code
    return capsys.readouterr()


def test_one_member_and_one_enrollment(members, capsys):
    said = told(capsys, "--user", EMAIL).out.splitlines()
    assert said[0].startswith(f"{members[EMAIL]} on ruach: 3 events, digest ")
    assert said[0].endswith("; projection: same")
    assert told(capsys, "--enrollment", members[OTHER]).out.startswith(members[OTHER])
    found = json.loads(told(capsys, "--user", EMAIL, "--as-of", "2026-03-02", "--json").out)
    assert [(each["journalVersion"], each["projection"]) for each in found["replayed"]] == [(2, "none")]


def test_everybody_with_the_same_digest_on_any_number_of_processes(members, capsys):
    one, two = (json.loads(told(capsys, "--all", "--processes", n, "--json").out) for n in "12")
    assert one["digest"] == two["digest"]
    assert (one["enrollments"], one["events"], one["projections"], one["wrong"]) == (2, 6, {"same": 2}, 0)
    assert told(capsys, "--all").out.splitlines()[1].endswith("; projections: 2 same")


def test_a_projection_that_differs_is_named_and_the_exit_code_says_so(members, database_url, capsys):
    change(database_url, members[OTHER])
    assert "1 of 1 enrollments" in told(capsys, "--user", OTHER, code=1).err
    said = told(capsys, "--all", code=1)
    assert f"{members[OTHER]} event 3: differs" in said.out
    assert "repair" in said.err


@pytest.mark.parametrize("words", [[], ["--user", EMAIL, "--all"], ["--user", "nobody@example.org"]])
def test_a_refusal_is_one_line(members, capsys, words):
    assert told(capsys, *words, code=2).err.count("\n") == 1
