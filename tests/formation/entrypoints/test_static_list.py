"""Formation down, slow or without a database: the dashboard shows the static list, and says that it does."""

import os
import signal
import time
from dataclasses import replace

import httpx
import psutil
import psycopg
import pytest
import sqlalchemy as sa

from ruach_studio.app.api import create_api
from ruach_studio.app.wiring import Services
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.store import graphs
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore

ENGINE = "/formation-engine"
COVENANT = {"covenantType": "formation_journey", "acknowledgedTerms": True}
DEADLINE_MS = 400


def hurried(services, client):
    """Return a client with the same cookies, of the same services with a short deadline."""
    settings = services.settings.model_copy(update={"next_step_deadline_ms": DEADLINE_MS})
    api = create_api(replace(services, settings=settings), at_once=False)
    transport = httpx.ASGITransport(api, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://studio.test", cookies=client.cookies)


@pytest.fixture
async def walker(caller, publish, walk_graph):
    """A member whose next step was shown once."""
    await publish(walk_graph)
    member = await caller("member", name="walker")
    assert (await member.post(f"{ENGINE}/enroll", json=COVENANT)).status_code == 201
    assert (await member.get(f"{ENGINE}/next-step")).json()["source"] == "journey"
    return member


def check_static(answer, notice):
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["source"], body["formationEnrollmentId"], body["graphVersion"]) == ("static", None, 4)
    assert body["notice"] == (
        f"{notice}; this is the path in its order, the same for everyone"
        f" (correlation id {answer.headers['x-correlation-id']})"
    )
    assert [step["title"] for step in body["steps"][:3]] == ["P1-S0", "P1-S1", "P1-S2"]
    assert len(body["steps"]) == 10
    for step in body["steps"]:
        assert step["offer"] == "static"
        empty = (
            "inputsHash",
            "rulesVersion",
            "timestamp",
            "correlationId",
            "contentRef",
            "progress",
            "opensAt",
            "wouldOpen",
        )
        assert {step[name] for name in empty} == {None}
    return body


async def readyz(caller):
    answer = await (await caller()).get("/readyz")
    return answer.status_code, answer.json()["checks"]["formation"]


async def test_formation_s_tables_gone(walker, caller, database):
    async with database.transaction() as tx:
        await tx.execute(sa.text("ALTER TABLE formation.enrollment RENAME TO lost"))
    check_static(await walker.get(f"{ENGINE}/next-step"), "Your own next steps cannot be worked out right now")
    assert (await walker.get(f"{ENGINE}/path")).status_code == 500  # only the dashboard has something to show
    async with database.transaction() as tx:
        await tx.execute(sa.text("ALTER TABLE formation.journal RENAME TO lost_journal"))
    status, told = await readyz(caller)
    assert (status, told["status"]) == (200, "degraded")
    assert "formation does not answer" in told["detail"]
    async with database.transaction() as tx:
        await tx.execute(sa.text("ALTER TABLE formation.lost RENAME TO enrollment"))
        await tx.execute(sa.text("ALTER TABLE formation.lost_journal RENAME TO journal"))
    assert (await walker.get(f"{ENGINE}/next-step")).json()["source"] == "journey"
    assert await readyz(caller) == (
        200,
        {"status": "degraded", "detail": "1 static lists shown, the last for UndefinedTable"},
    )


async def test_a_rule_that_breaks(walker, services, walk_graph, caplog, clock):
    broken = replace(walk_graph.nodes[0], prerequisites=None)
    services.graphs._graphs["ruach", 4] = Graph(4, (broken, *walk_graph.nodes[1:]))
    answer = await walker.get(f"{ENGINE}/next-step")
    assert answer.json()["source"] == "static"
    await walker.get(f"{ENGINE}/next-step")
    clock.later(minutes=2)
    await walker.get(f"{ENGINE}/next-step")
    assert services.static_answers.count == 3
    told = [each.msg for each in caplog.records if isinstance(each.msg, dict) and each.msg["event"] == "next_step.static"]
    assert [each["exc_info"] is not None for each in told] == [True, False, True]  # an outage must not drown in tracebacks


async def test_the_members_version_lost(walker, services, database, caplog):
    """Somebody went around the triggers: the dashboard stands, the log names whose, and other answers are no 500."""
    async with database.transaction() as tx:
        await tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
        await tx.execute(sa.text("UPDATE formation.enrollment SET graph_version = 9"))
        await tx.execute(sa.text("DELETE FROM formation.evidence"))
        for table in ("dependency", "graph_version"):
            await tx.execute(sa.text(f"UPDATE formation.{table} SET version = 9"))  # noqa: S608
            await tx.execute(sa.text(f"DELETE FROM formation.{table}"))  # noqa: S608
    kept, services.graphs._graphs = services.graphs._graphs.copy(), type(services.graphs._graphs)()
    services.graphs._shipped = lambda: tuple(kept.values())
    check_static(await walker.get(f"{ENGINE}/next-step"), "Your own next steps cannot be worked out right now")
    assert "formation.version.lost" in caplog.text
    answer = await walker.get(f"{ENGINE}/path")
    assert (answer.status_code, answer.json()["code"]) == (404, "graph_version_not_found")


@pytest.mark.parametrize(
    "lock",
    ["LOCK TABLE formation.enrollment IN ACCESS EXCLUSIVE MODE", "SELECT pg_advisory_xact_lock(hashtext('ruach.audit'))"],
)
async def test_formation_too_slow(walker, services, database, database_url, lock, caller):
    """Somebody holds the table, or the audit's chain: the answer comes at the deadline, and nothing is left hanging."""
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute(lock)
        began = time.monotonic()
        async with hurried(services, walker) as client:
            answer = await client.get(f"{ENGINE}/next-step")
        took_s = time.monotonic() - began
        check_static(answer, "Your own next steps take too long right now")
        assert DEADLINE_MS / 1000 <= took_s < 5
        await holder.rollback()
    assert (await walker.get(f"{ENGINE}/next-step")).json()["source"] == "journey"
    async with database.connection() as conn:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        assert await conn.scalar(sa.text(waiting)) == 0
    assert (services.static_answers.count, services.static_answers.last_reason) == (1, "too_slow")
    assert (await readyz(caller))[1]["detail"] == "1 static lists shown, the last for too_slow"


async def test_the_notice_of_readyz_fades(walker, services, caller, clock):
    services.static_answers.note(clock.now(), "too_slow")
    assert (await readyz(caller))[1]["status"] == "degraded"
    clock.later(minutes=6)
    assert (await readyz(caller))[1] == {"status": "ok", "detail": "path version 4"}


async def test_a_path_that_is_not_published_shows_the_shipped_one(services, caller, database, clock):
    shipped = Graph(4, (Node("first", 1, "awakening", "section", "First", "content/first"),))
    services.graphs._shipped = lambda: [shipped]
    async with database.transaction() as tx:
        await graphs.insert_path(tx, graphs.Path("ruach", "Path", "", None, clock.now(), "test"))
    member = await caller("member")
    body = (await member.get(f"{ENGINE}/next-step")).json()
    assert (body["source"], [step["decision"] for step in body["steps"]]) == ("static", ["first"])
    assert body["notice"].startswith("No version of this path is published yet; ")
    unknown = await member.get(f"{ENGINE}/next-step", params={"pathId": "elsewhere"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "path_not_found")


@pytest.fixture
async def own_server(tmp_path):
    """A server of this test alone, which it may stop; its API, and a member's cookie."""
    server = EmbeddedPostgres(tmp_path / "server", settings={"fsync": "off"})
    url = server.ensure()
    await migrate(url)
    settings = load_settings(
        data_dir=tmp_path / "data",
        public_url="http://studio.test",
        media_roots=[tmp_path],
    )
    async with Database(url) as database:
        store = LocalDiskStore(settings.store_dir, settings.public_url)
        yield server, Services(settings, database, BullmqPostgres(database), store, SystemClock())
    server.stop()


async def signed_in(services):
    with bind(correlation_id=new_id()):
        async with services.database.transaction() as tx:
            await create_account(tx, "m@example.org", "correct horse battery", ["member"])
    api = create_api(services, at_once=False)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(api, raise_app_exceptions=False), base_url="http://studio.test")
    login = await client.post("/auth/login", json={"email": "m@example.org", "password": "correct horse battery"})
    assert login.status_code == 200
    return client


async def test_the_whole_database_away_or_hung(own_server, walk_graph):
    """Who asks cannot be checked: next-step alone answers, with nothing of anybody's; the rest says 503, in words."""
    server, services = own_server
    services.graphs._graphs["ruach", 4] = walk_graph
    member = await signed_in(services)
    nobody = httpx.AsyncClient(transport=member._transport, base_url="http://studio.test")
    forger = httpx.AsyncClient(
        transport=member._transport, base_url="http://studio.test", cookies={"ruach_session": "x" * 43}
    )

    postmaster = psutil.Process(int((server.log_file.parent / "cluster" / "postmaster.pid").read_text().split()[0]))
    family = [postmaster, *postmaster.children(recursive=True)]
    for each in family:
        os.kill(each.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        async with hurried(services, member) as client:
            check_static(await client.get(f"{ENGINE}/next-step"), "Who you are cannot be checked right now")
        assert DEADLINE_MS / 1000 <= time.monotonic() - began < 5
    finally:
        for each in family:
            os.kill(each.pid, signal.SIGCONT)
    check_static(await member.get(f"{ENGINE}/next-step"), "No version of this path is published yet")

    server.stop()
    check_static(await member.get(f"{ENGINE}/next-step"), "Who you are cannot be checked right now")
    check_static(await forger.get(f"{ENGINE}/next-step"), "Who you are cannot be checked right now")
    assert (await nobody.get(f"{ENGINE}/next-step")).status_code == 401
    for path in ("path", "state", "score", "nodes/p1-s0/access", "decisions", "enrollments"):
        answer = await member.get(f"{ENGINE}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), path
        assert answer.headers["retry-after"]
    for each in (member, nobody, forger):
        await each.aclose()
