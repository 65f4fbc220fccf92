"""`ruach ops dlq …` at a desk: what died and why, the way back ready to be given, the reason as the last word."""

import asyncio
import io
import json

import psycopg
import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.app.pillars import hooks
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import JobError
from ruach_studio.infra.queues.failure import record_failure
from ruach_studio.infra.settings import load_settings

DEATHS = [
    ("assembly-jobs", "assemble", "not_the_same_event", {"sessionId": "talk-[1]"}),
    ("formation-state", "project", "duplicate_event", {"enrollmentId": "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"}),
    ("formation-state", "project", "RuntimeError", {"enrollmentId": "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"}),
]


@pytest.fixture
def dead(database_url, tmp_path, monkeypatch):
    """Three jobs that died, as their workers leave them."""
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))

    async def prepare():
        with bind(correlation_id=new_id()):
            async with open_services(load_settings()) as services:
                for queue, name, code, payload in DEATHS:
                    async with services.database.transaction() as tx:
                        job_id = await services.queue.add(tx, queue, name, payload)
                        error = JobError(code, f"{code} happened [here]", retryable=False)
                        await record_failure(tx, services.queue, hooks(services), job_id, error)

    asyncio.run(prepare())


@pytest.fixture
def ruach(capsys, monkeypatch):
    """Return a function that runs a command line: (exit code, standard output, standard error)."""

    def run(*words):
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        capsys.readouterr()
        code = run_command(list(words))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_from_the_list_to_the_discard(dead, ruach, database_url):
    code, out, _ = ruach("ops", "dlq", "list")
    assert code == 0
    assert "unknown: Unknown; RuntimeError: RuntimeError happened [here]" in out
    assert "cause 2: Sync offset out of range" in out
    assert "ESCALATE: no sound in common: 1 of 1 yes or no: likely wrong camera pairing" in out
    listed = json.loads(ruach("ops", "dlq", "list", "--queue", "formation-state-dlq", "--json")[1])["deadLetters"]
    unknown, duplicate = (each["deadLetterId"] for each in listed)
    (sync,) = json.loads(ruach("ops", "dlq", "list", "--session", "talk-[1]", "--json")[1])["deadLetters"]
    code, out, _ = ruach("ops", "dlq", "show", sync["deadLetterId"])
    assert (code, "way back: POST /sessions/talk-[1]/sync/correct" in out) == (0, True)
    assert f"correlationId {sync['correlationId']}" in out
    assert "attempt 1 " in out
    code, _, err = ruach("ops", "dlq", "discard", unknown, "away with it")
    assert (code, "the playbook says of 'Unknown'" in err) == (2, True)
    assert ruach("ops", "dlq", "discard", duplicate)[0] == 2, "no reason"
    code, _, err = ruach("ops", "dlq", "discard", duplicate, "one", "--reason", "two")
    assert (code, "reason: it is given twice" in err) == (2, True)
    assert "dry run: nothing was written" in ruach("ops", "dlq", "discard", duplicate, "it is there", "--dry-run")[1]
    code, out, _ = ruach("ops", "dlq", "discard", duplicate, "it is there")
    assert (code, "done; the audit has it as command" in out) == (0, True)
    assert json.loads(ruach("ops", "dlq", "list", "--all", "--cause", "1", "--json")[1])["deadLetters"][0]["resolution"] == (
        "discarded: it is there"
    )
    code, out, _ = ruach("ops", "dlq", "list", "--limit", "1")
    assert f"more: ruach ops dlq list --before {unknown}" in out
    with psycopg.connect(database_url) as conn:
        done = conn.execute("SELECT actor FROM platform.transition_audit WHERE to_state = 'discarded'").fetchone()
    assert done[0].startswith("local:")
    assert ruach("ops", "dlq", "show", "7")[0] == 2
    assert ruach("ops", "dlq", "redeliver", "assembly.sessions", new_id(), "mended")[0] == 2


EVERY = [
    ("render", "retry", "ID"), ("render", "resume", "none", "upload"), ("render", "cancel-all", "ID"),
    ("assembly", "replay", "none", "0", "1000"), ("formation", "repair", "ID", "replay"),
    ("formation", "migrate", "ID", "2"), ("dlq", "discard", "ID"), ("dlq", "redeliver", "assembly.sessions", "ID"),
]  # fmt: skip


def test_every_command_takes_its_reason_as_the_last_word(dead, ruach, database_url):
    for words in EVERY:
        given = [new_id() if word == "ID" else word for word in words]
        assert ruach("ops", *given, f"drill of {words[:2]}")[0] == 2, words
    with psycopg.connect(database_url) as conn:
        told = [row[0] for row in conn.execute("SELECT reason FROM platform.transition_audit WHERE to_state = 'refused'")]
    for words in EVERY:
        assert any(f": drill of {words[:2]} | " in each for each in told), words
