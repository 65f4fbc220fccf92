"""`ruach ops …` at a desk: every command says what it did, and a second person proves to be one."""

import asyncio
import io
import json
import uuid

import psycopg
import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.app.wiring import open_services
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.settings import load_settings

PASSWORD = "correct horse battery"
NODES = (
    Node("s1", 1, "awakening", "section", "S1", "content/s1"),
    Node("s2", 2, "awakening", "section", "S2", "content/s2", prerequisites=("s1",)),
)


@pytest.fixture
def desk(database_url, tmp_path, monkeypatch):
    """The command line on a database of its own, with an operator `ben`, a member `mia` and an enrollment; its id."""
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))

    async def prepare():
        with bind(correlation_id=new_id()):
            async with open_services(load_settings()) as services:
                now = services.clock.now()
                async with services.database.transaction() as tx:
                    await create_account(tx, "ben@example.org", PASSWORD, ["operator"], at=now)
                    await create_account(tx, "mia@example.org", PASSWORD, ["member"], at=now)
                    await graphs.insert_path(tx, graphs.Path("ruach", "A path", "", None, now, "test"))
                    given = {"actor": "test", "at": now, "reason": "x", "content_hash": "0" * 64, "mapping": {}}
                    await graphs.insert_version(tx, Graph(1, NODES), **given)
                done = await enroll_in_formation_path(
                    services, new_id(), covenant="formation_journey", acknowledged_terms=True
                )
                async with services.database.transaction() as tx:
                    await graphs.insert_version(tx, Graph(2, NODES), **given)
                return done.enrollment.enrollment_id

    return asyncio.run(prepare())


@pytest.fixture
def ruach(capsys, monkeypatch):
    """Return a function that runs a command line: (exit code, standard output, standard error)."""

    def run(*words, said=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        capsys.readouterr()
        code = run_command(list(words))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_the_commands_are_listed(desk, ruach):
    code, out, _ = ruach("ops", "commands")
    assert code == 0
    assert "formation.repair(enrollmentId, strategy, [nodeIds], [voidEventIds])" in out
    assert "formation.migrate(enrollmentId, toGraphVersion, [mapping])" in out
    assert "second operator: the strategy is unblock: a different operator confirms within 24 hours" in out
    assert len(json.loads(ruach("ops", "commands", "--json")[1])) == 9


def test_a_dry_run_and_a_repair(desk, ruach, database_url):
    code, out, _ = ruach("ops", "formation", "repair", desk, "replay", "--reason", "looks odd", "--dry-run")
    assert code == 0
    assert "projection: there is no projection" in out
    assert out.endswith("dry run: nothing was written\n")
    code, out, _ = ruach("ops", "formation", "repair", desk, "replay", "--reason", "looks odd")
    assert (code, "done; the audit has it as command " in out) == (0, True)
    code, out, _ = ruach("ops", "formation", "repair", desk, "reset-score", "--reason", "odd", "--dry-run")
    assert "0 facts differ between the projection and the journal" in out
    assert "awakening: score 0.00 (the same)" in out
    with psycopg.connect(database_url) as conn:
        actors = conn.execute("SELECT actor FROM platform.transition_audit WHERE entity = 'command'").fetchall()
    assert [actor.split(":")[0] for (actor,) in actors] == ["local"]


def test_a_migration(desk, ruach):
    code, out, _ = ruach("ops", "formation", "migrate", desk, "2", "--reason", "new term")
    assert (code, f"enrollment {desk}: version 1 -> 2" in out) == (0, True)
    code, out, _ = ruach("ops", "formation", "migrate", desk, "2", "--reason", "again", "--json")
    assert json.loads(out)["result"]["changed"] is False
    code, _, err = ruach("ops", "formation", "migrate", desk, "1", "--reason", "back")
    assert (code, err.startswith("ruach: version 1: the member is on version 2.")) == (2, True)


def test_unblocking_asks_for_a_second_person(desk, ruach, database_url):
    words = ("ops", "formation", "repair", desk, "unblock", "--node", "s2", "--reason", "locked out")
    code, out, _ = ruach(*words)
    assert code == 0
    assert "opens s2, which is shut:\n    S1 is not done\n" in out
    request = out.rsplit("confirm ", 1)[1].split()[0]
    assert request in ruach("ops", "confirmations")[1]
    as_ben = ("ops", "formation", "confirm", request, "--as", "ben@example.org", "--password-stdin")
    code, _, err = ruach(*as_ben, said="wrong password\n")
    assert (code, "The email or the password is wrong" in err) == (1, True)
    code, _, err = ruach("ops", "formation", "confirm", request, "--as", "mia@example.org", "--password-stdin",
                         said=PASSWORD + "\n")  # fmt: skip
    assert (code, "needs the role operator" in err) == (1, True)
    code, out, _ = ruach(*as_ben, said=PASSWORD + "\n")
    assert (code, "done; the audit has it as command" in out) == (0, True)
    code, _, err = ruach(*as_ben, said=PASSWORD + "\n")
    assert (code, "it is executed since" in err) == (2, True)
    assert ruach("ops", "confirmations")[1] == "nothing waits for a second operator\n"
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM formation.journal WHERE event_type = 'unblocked'").fetchone() == (1,)


def test_the_person_who_asked_cannot_confirm_and_may_take_it_back(desk, ruach):
    words = ("ops", "formation", "repair", desk, "unblock", "--node", "s2", "--reason", "locked out [again]")
    as_ben = ("--as", "ben@example.org", "--password-stdin")
    code, out, _ = ruach(*words, *as_ben, "--json", said=PASSWORD + "\n")
    request = json.loads(out)["confirmation"]["id"]
    assert json.loads(out)["confirmation"]["requestedByEmail"] == "ben@example.org"
    code, _, err = ruach("ops", "formation", "confirm", request, *as_ben, said=PASSWORD + "\n")
    assert (code, "the one who asked cannot confirm it" in err) == (1, True)
    assert ruach("ops", "formation", "confirm", request)[0] == 2, "without --as nobody proves to be anybody"
    code, out, _ = ruach("ops", "reject", request, "--reason", "found the key")
    assert (code, "rejected" in out, "locked out [again]" in out) == (0, True, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("repair", "ENROLLMENT", "replay"), "reason"),
        (("repair", "ENROLLMENT", "replay", "--reason", " "), "a recovery command needs a reason"),
        (("repair", "7", "replay", "--reason", "x"), "enrollmentId"),
        (("repair", "ENROLLMENT", "pray", "--reason", "x"), "pray"),
        (("repair", "ENROLLMENT", "replay", "--node", "s1", "--reason", "x"), "nodeIds go with the strategy unblock"),
        (("repair", "OTHER", "replay", "--reason", "x"), "There is no such enrollment"),
        (("migrate", "ENROLLMENT", "2", "--map", "s1", "--reason", "x"), "names no node"),
        (("migrate", "ENROLLMENT", "9", "--reason", "x"), "version 9"),
        (("confirm", "x", "--as", "ben@example.org", "--password-stdin"), "not a UUIDv4"),
    ],
)
def test_what_cannot_be_run_is_a_line_and_exit_code_2(desk, ruach, words, said):
    named = [desk if word == "ENROLLMENT" else str(uuid.uuid4()) if word == "OTHER" else word for word in words]
    code, _, err = ruach("ops", "formation", *named, said=PASSWORD + "\n")
    assert (code, said in err, "Traceback" in err) == (2, True, False), err


def test_the_other_pillars_commands(desk, ruach):
    nothing = str(uuid.uuid4())
    code, _, err = ruach("ops", "render", "retry", nothing, "--reason", "drill")
    assert (code, "ruach render-jobs SESSION" in err) == (2, True), err
    assert ruach("ops", "render", "resume", "none", "upload", "--reason", "drill")[0] == 2
    assert ruach("ops", "render", "cancel-all", nothing, "--reason", "drill")[0] == 2
    assert ruach("ops", "assembly", "replay", nothing, "0", "1000", "--reason", "drill")[0] == 2
