"""A running service with finished films and a render under way is backed up, lost, and lives on in a new folder."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from ruach_studio.infra.backup import NotABackup, check
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.testing.service import COMMAND, OPERATOR, Service, wait
from ruach_studio.testing.talk import Talk

from .studio import locked_session

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("service"), pytest.mark.timeout(1800)]


def jobs_of(client: httpx.Client, jobs: list[str]) -> dict[str, dict]:
    return {job: client.get(f"/render-jobs/{job}").json() for job in jobs}


def starts(address: str, jobs: list[str]) -> dict[str, int]:
    """How often a worker began each job."""
    with psycopg.connect(address) as conn:
        found = conn.execute("SELECT id, starts FROM platform.execution WHERE id = ANY(%s)", (jobs,)).fetchall()
    return dict(found)


def told(service: Service, statement: str) -> None:
    """Say something to the database of the running service."""
    with EmbeddedPostgres(service.folder / "data" / "postgres") as address, psycopg.connect(address) as conn:
        assert conn.execute(statement).rowcount == 1


def kill_backups(service: Service, saved: Path) -> int:
    """Kill backups once these lie in their draft; prove that restore takes none of it. Return how many left one."""
    left = 0
    for seen in (".", "store/objects"):
        started = subprocess.Popen(
            [*COMMAND, "backup", "--to", str(saved), "--copy"], env=service.environment, start_new_session=True
        )
        while started.poll() is None and not any((draft / seen).exists() for draft in drafts(saved)):
            time.sleep(0.001)
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        for draft in drafts(saved):
            left += 1
            with pytest.raises(NotABackup, match="which is written last"):
                check(draft)
        assert not saved.exists()
    return left


def drafts(saved: Path) -> list[Path]:
    return [each for each in saved.parent.iterdir() if each.name.startswith(f".{saved.name}.draft-")]


def test_a_service_lives_on_from_its_backup(service: Service, talk: Talk, tmp_path: Path) -> None:
    client = service.sign_in(OPERATOR)
    session = locked_session(client, talk, 400)
    told(service, "UPDATE bullmq.meta SET value = '1' WHERE queue = 'render-jobs' AND field = 'concurrency'")
    batch = wait(
        lambda: (a := client.post(f"/render-jobs/render-all/{session}")).status_code == 202 and a, 120, "no batch"
    ).json()
    jobs = [each["renderJobId"] for each in batch["jobs"]]
    wait(lambda: any(j["status"] == "completed" for j in jobs_of(client, jobs).values()), 600, "nothing is ready")
    told(service, "SELECT bullmq.pause('render-jobs', true)")  # so that some are left, however quick the machine is
    saved = tmp_path / "saved"
    service.ruach("backup", "--to", str(saved), timeout_s=600)
    assert kill_backups(service, tmp_path / "killed") == 2
    service.ruach("backup", "--to", str(tmp_path / "killed"), timeout_s=600)
    assert drafts(tmp_path / "killed") == [], "they are cleared away"
    service.kill()
    EmbeddedPostgres(service.folder / "data" / "postgres").stop()
    shutil.rmtree(service.folder / "data")

    reborn = Service(service.folder, {"RUACH_DATA_DIR": str(service.folder / "reborn")}, port=service.port)
    reborn.ruach("restore", "--from", str(saved), "--into", str(service.folder / "reborn"), timeout_s=600)
    server = EmbeddedPostgres(service.folder / "reborn" / "postgres")
    with server as address:
        with psycopg.connect(address) as conn:
            rows = conn.execute("SELECT id, state FROM platform.execution WHERE id = ANY(%s)", (jobs,)).fetchall()
        finished = [job for job, state in rows if state == "completed"]
        waiting = [job for job, state in rows if state in {"queued", "running"}]
        before = starts(address, jobs)
        assert finished
        assert waiting
        assert len(finished) + len(waiting) == 4
        with psycopg.connect(address) as conn:
            conn.execute("SELECT bullmq.pause('render-jobs', false)")
        reborn.start()
        try:
            again = reborn.sign_in(OPERATOR)
            wait(
                lambda: all(j["status"] == "completed" for j in jobs_of(again, jobs).values()), 600, "a waiting job is lost"
            )
            for job in jobs_of(again, jobs).values():
                film = again.get(job["artifact"]["url"])
                assert (film.status_code, len(film.content)) == (200, job["artifact"]["sizeBytes"])
            wait(lambda: again.get(f"/sessions/{session}").json()["state"] == "published", 400, "the bus stands still")
            after = starts(address, jobs)
            assert {job: after[job] - before[job] for job in finished} == dict.fromkeys(finished, 0)
            assert {job: after[job] - before[job] for job in waiting} == dict.fromkeys(waiting, 1)
        finally:
            reborn.stop()
    assert "0 faults" in reborn.ruach("audit", "verify", timeout_s=600)
