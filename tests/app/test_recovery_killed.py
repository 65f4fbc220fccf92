"""kill -9 at any moment of a repair, a migration or a confirmation leaves the old or the new state; again ends well."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from ruach_studio.app.ops import commanding
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.state import digest, replay
from ruach_studio.formation.store import graphs, journal, projections
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.project_enrollment import project_enrollment
from ruach_studio.infra.audit import verify_chain
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import perform
from ruach_studio.infra.context import SystemClock, bind, new_id

MOMENTS = 10
NODES = (
    Node("s1", 1, "awakening", "section", "S1", "content/s1"),
    Node("s2", 2, "awakening", "section", "S2", "content/s2", prerequisites=("s1",)),
)


class Children:
    """Starts a command in a process of its own and kills it after a while, or lets it end."""

    def __init__(self, url, folder):
        self.given = {"url": url, "folder": str(folder)}
        child = Path(__file__).with_name("recovery_child.py")
        self.process = subprocess.Popen(
            [sys.executable, child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, told, **more):
        """Return (exit status, seconds that it lived)."""
        self.process.stdin.write(json.dumps(self.given | told | more) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture
def children(database_url, tmp_path):
    started = Children(database_url, tmp_path)
    yield started
    started.process.stdin.close()
    started.process.wait(timeout=30)
    started.process.stdout.close()
    started.process.stderr.close()


@pytest.fixture
async def people(database):
    async with database.transaction() as tx:
        made = [await create_account(tx, f"{name}@example.org", "correct horse battery", ["operator"]) for name in "ab"]
    return [each.account_id for each in made]


@pytest.fixture(autouse=True)
def ids():
    with bind(correlation_id=new_id()):
        yield


@pytest.fixture
async def path(database):
    now = SystemClock().now()
    async with database.transaction() as tx:
        await graphs.insert_path(tx, graphs.Path("ruach", "A path", "", None, now, "test"))
        await publish(tx, Graph(1, NODES), now)


async def publish(tx, graph, now):
    await graphs.insert_version(tx, graph, actor="test", at=now, reason="x", content_hash="0" * 64, mapping={})


@pytest.fixture
def enroll(services, path):
    async def do():
        done = await enroll_in_formation_path(services, new_id(), covenant="formation_journey", acknowledged_terms=True)
        await project_enrollment(services, done.enrollment.enrollment_id)
        return done.enrollment.enrollment_id

    return do


@pytest.fixture
def seen(database):
    """Return a coroutine that gives (types of the journal, row's graph version, whether the projection is the journal's)."""

    async def do(enrollment_id):
        async with database.connection() as conn:
            events = await journal.read(conn, enrollment_id)
            projection = await projections.get(conn, enrollment_id)
            version = await conn.scalar(
                sa.text("SELECT graph_version FROM formation.enrollment WHERE enrollment_id = :id"), {"id": enrollment_id}
            )
        true = projection is not None and projection.digest == digest(replay(events))
        return [event.event_type for _, event in events], version, true

    return do


class Hunt:
    """Chooses the next moment to kill at: ever nearer to where the old state becomes the new one."""

    def __init__(self, children, command):
        self.children, self.command = children, command
        self.early_s, self.late_s, self.seen = 0.0, 0.0, []

    async def kills(self, prepare):
        """Yield MOMENTS prepared subjects whose command was killed, with its exit status; tell `became_new` of each."""
        lives = [self.children.run(self.command(await prepare())) for _ in range(3)]
        assert [status for status, _ in lives] == [0, 0, 0]
        self.early_s, self.late_s = min(lived for _, lived in lives) * 0.3, max(lived for _, lived in lives) * 1.3
        for _ in range(MOMENTS):
            subject = await prepare()
            status, _ = self.children.run(self.command(subject), killAfterS=(self.early_s + self.late_s) / 2)
            yield subject, status
        assert set(self.seen) == {True, False}, "both sides of the commit were met"

    def became_new(self, new):
        """Move towards the commit; the margins allow for a machine that is busier than it was."""
        self.seen.append(new)
        middle = (self.early_s + self.late_s) / 2
        if new:
            self.early_s, self.late_s = self.early_s * 0.95, middle
        else:
            self.early_s, self.late_s = middle, self.late_s * 1.1


@pytest.mark.slow
async def test_a_killed_repair(children, people, enroll, seen, database):
    async def prepare():
        enrollment_id = await enroll()
        async with database.transaction() as tx:
            statement = "UPDATE formation.projection SET digest = 'broken' WHERE enrollment_id = :id"
            await tx.execute(sa.text(statement), {"id": enrollment_id})
        return enrollment_id

    def command(enrollment_id):
        params = {"enrollmentId": enrollment_id, "strategy": "replay"}
        return {"who": people[0], "name": "formation.repair", "params": params}

    hunt = Hunt(children, command)
    async for enrollment_id, status in hunt.kills(prepare):
        types, _, true = await seen(enrollment_id)
        hunt.became_new(true)
        assert (types[-1] == "repaired") is true, "event and projection change together"
        assert true or status != 0
        assert children.run(command(enrollment_id))[0] == 0
        types, _, true = await seen(enrollment_id)
        assert (types[-1], true) == ("repaired", True)
    async with database.connection() as conn:
        assert await verify_chain(conn) == []


@pytest.mark.slow
async def test_a_killed_migration(children, people, enroll, seen, database, services):
    version = 1

    async def prepare():
        nonlocal version
        enrollment_id = await enroll()
        version += 1
        async with database.transaction() as tx:
            await publish(tx, Graph(version, NODES), SystemClock().now())
        return enrollment_id, version

    def command(subject):
        params = {"enrollmentId": subject[0], "toGraphVersion": subject[1]}
        return {"who": people[0], "name": "formation.migrate", "params": params}

    hunt = Hunt(children, command)
    async for subject, status in hunt.kills(prepare):
        types, row, _ = await seen(subject[0])
        moved = types[-1] == "graph_migrated"
        hunt.became_new(moved)
        assert row == (subject[1] if moved else subject[1] - 1), "event and row change together"
        assert moved or status != 0
        assert children.run(command(subject))[0] == 0
        types, row, true = await seen(subject[0])
        assert (types.count("graph_migrated"), row, true) == (1, subject[1], True)
    async with database.connection() as conn:
        assert await verify_chain(conn) == []


async def test_a_killed_confirmation(children, people, enroll, seen, database, services):
    async def prepare():
        enrollment_id = await enroll()
        anna = Principal(people[0], "a@example.org", frozenset({"operator"}))
        params = {"enrollmentId": enrollment_id, "strategy": "unblock", "nodeIds": ["s2"]}
        asked = await perform(commanding(services), anna, "formation.repair", params, reason="a drill")
        return enrollment_id, asked.confirmation.id

    def command(subject):
        return {"who": people[1], "confirm": subject[1]}

    async def state(confirmation_id):
        async with database.connection() as conn:
            statement = sa.text("SELECT state FROM platform.confirmation WHERE id = :id")
            return await conn.scalar(statement, {"id": confirmation_id})

    hunt = Hunt(children, command)
    async for subject, status in hunt.kills(prepare):
        types, _, _ = await seen(subject[0])
        opened = types[-1] == "unblocked"
        hunt.became_new(opened)
        assert await state(subject[1]) == ("executed" if opened else "pending"), "both or neither"
        assert opened or status != 0
        again = children.run(command(subject))[0]
        assert again == (1 if opened else 0), "what was carried out is not carried out again"
        types, _, _ = await seen(subject[0])
        assert (types.count("unblocked"), await state(subject[1])) == (1, "executed")
    async with database.connection() as conn:
        assert await verify_chain(conn) == []
