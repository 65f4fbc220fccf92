"""A journey at the terminal: words that a person understands, JSON for a program, and a refusal in one line."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.app.wiring import Services
from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.beat_heart import beat_heart
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore

EMAIL = "walker@example.org"
WHO = ["--user", EMAIL]
BEGAN = datetime.now(UTC) - timedelta(days=2)


class Clock:
    at = BEGAN

    def now(self):
        return self.at


def graph():
    return Graph(
        1,
        (
            Node("s1", 1, PHASES[0], "section", "The [old] way", "content/s1", min_dwell_s=5),
            Node("r1", 2, PHASES[0], "reflection", "What was it?", "content/r1", prerequisites=("s1",)),
            Node("s2", 3, PHASES[1], "section", "Out", "content/s2", prerequisites=("r1",), gate=ScoreGate(4000, PHASES[0])),
        ),
    )


async def prepare(url, tmp_path):
    settings = load_settings(data_dir=tmp_path)
    async with Database(url) as database:
        clock = Clock()
        store = LocalDiskStore(settings.store_dir, settings.public_url)
        services = Services(settings, database, BullmqPostgres(database), store, clock)
        with bind(correlation_id=new_id()):
            async with database.transaction() as tx:
                account = await create_account(tx, EMAIL, "correct horse battery", ["member"])
                await create_account(tx, "idle@example.org", "correct horse battery", ["member"])
                path = graphs.Path("ruach", "A path", "", None, BEGAN, "test")
                await graphs.insert_path(tx, path)
                await graphs.insert_version(
                    tx, graph(), actor="test", at=BEGAN, reason="test", content_hash="0" * 64, mapping={}
                )
            user = account.account_id
            await enroll_in_formation_path(services, user, covenant="formation_journey", acknowledged_terms=True)
            for sequence in (1, 2):
                await beat_heart(services, user, "tab", "s1", sequence)
                clock.at += timedelta(seconds=10)


@pytest.fixture
def walked(database_url, tmp_path, monkeypatch):
    """A member who read the first section two days ago, in the database that the command line will open."""
    asyncio.run(prepare(database_url, tmp_path))
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path))


def told(capsys, *words):
    assert run_command(["formation", *words]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_next_step_path_score_and_state_in_words(walked, capsys):
    lines = told(capsys, "next-step", *WHO).splitlines()
    assert lines[0] == "1. What was it? (reflection, awakening): open"
    assert "     prerequisites met 1 of 1" in lines
    assert lines[-1] == "1 of 3 steps of the path are done"
    assert told(capsys, "path", *WHO).splitlines()[:4] == [
        "awakening 1 of 2", "  [x] The [old] way", "  [ ] What was it?", "separation 0 of 1",
    ]  # fmt: skip
    scored = told(capsys, "score", *WHO, "--node", "s2").splitlines()
    assert scored[0] == "awakening 0.3516 (fail)"
    assert scored[2] == "  sections completed 1 of 1 (20 %)"
    shown = told(capsys, "state", *WHO).splitlines()
    assert shown[0].startswith(f"{EMAIL} on ruach, version 1, as of 20")
    assert shown[1] == "In awakening for 2 days; covenant formation_journey"
    assert shown[2].startswith("1 sections completed; 0 checkpoints passed; 0 reflections written")
    before = told(capsys, "state", *WHO, "--as-of", (BEGAN - timedelta(days=1)).date().isoformat()).splitlines()
    assert before[1] == "No phase has begun."


def test_json_is_what_the_service_answers(walked, capsys):
    found = json.loads(told(capsys, "next-step", *WHO, "--json"))
    assert (found["source"], found["steps"][0]["decision"], found["steps"][0]["rulesVersion"]) == (
        "journey",
        "r1",
        "next-v1",
    )
    state = json.loads(told(capsys, "state", *WHO, "--json"))
    assert (list(state["sectionsCompleted"]), state["graphVersion"]) == (["s1"], 1)
    assert [each["phase"] for each in json.loads(told(capsys, "score", *WHO, "--json"))] == ["awakening", "separation"]
    assert json.loads(told(capsys, "path", *WHO, "--json"))["watch"] == ["r1"]


def test_what_was_decided_holds(walked, capsys):
    told(capsys, "next-step", *WHO)
    told(capsys, "next-step", "--user", "idle@example.org")
    told(capsys, "score", *WHO)
    assert run_command(["audit", "verify"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("decisions decided again; 0 faults")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["state", "--user", "nobody@example.org"], "nobody@example.org: "),
        (["state", "--user", "idle@example.org"], "they are not on the path ruach"),
        (["state", *WHO, "--as-of", "yesterday"], "'yesterday' is no date"),
        (["score", *WHO, "--phase", "healing"], "there is no phase 'healing'"),
        (["path", *WHO, "--path", "elsewhere"], "elsewhere: There is no such path"),
    ],
)
def test_a_refusal_is_one_line(walked, capsys, words, said):
    assert run_command(["formation", *words]) == 2
    assert said in capsys.readouterr().err
