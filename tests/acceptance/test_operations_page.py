"""The operations page in a real Chromium, against the running service with a render that died of its footage.

web/e2e/ops.mjs looks and clicks; here the service is held, and what was clicked is looked up in the database.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.testing.service import OPERATOR, PASSWORD, Service, wait
from ruach_studio.testing.talk import Talk, make_talk

from .studio import COVENANT, MEMBER, locked_session

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("page"), pytest.mark.timeout(900)]
WEB = Path(__file__).resolve().parents[2] / "web"
BEN = "ben@example.org"
CHROMIUM = Path(os.environ.get("RUACH_CHROMIUM", "/usr/bin/chromium"))


def missing() -> str:
    """Return what a browser's proof lacks here, or ""."""
    if shutil.which("node") is None:
        return "there is no Node.js"
    if not (WEB / "node_modules" / "playwright-core").is_dir() or not (WEB / "dist" / "index.html").is_file():
        return "the pages are not built: run `make web`"
    return "" if CHROMIUM.is_file() else f"there is no Chromium at {CHROMIUM}; RUACH_CHROMIUM names another"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if reason := missing():
        pytest.skip(reason)
    running = Service(tmp_path_factory.mktemp("page"))
    for email, role in ((OPERATOR, "operator"), (BEN, "operator"), (MEMBER, "member")):
        running.account(email, role)
    running.ruach("formation", "graph", "publish", "--sample", "--reason", "to walk on", "--yes")
    running.start()
    try:
        yield running
    finally:
        running.stop()


def died(client: httpx.Client, talk: Talk, session: str) -> str:
    """Ask for a thumbnail while the footage is away, and give it back; return the dead job."""
    files = [Path(path) for camera in talk.cameras for path in talk.files[camera.camera_id]]
    for each in files:
        each.rename(each.with_suffix(".away"))
    body = {"sessionId": session, "format": "thumbnail"}
    asked = wait(lambda: (a := client.post("/render-jobs/trigger", json=body)).status_code == 202 and a, 60, "not asked")
    job = asked.json()["jobs"][0]["renderJobId"]
    wait(lambda: client.get(f"/render-jobs/{job}").json()["status"] == "dead-letter", 120, "it lives")
    for each in files:
        each.with_suffix(".away").rename(each)
    return job


@dataclass
class Held:
    """What the page asks of whoever holds the service: each verb is answered with a JSON object."""

    service: Service
    job: str
    enrollment: str
    asked: list[str] = field(default_factory=list)

    def rows(self, statement: str, *values: object) -> list[tuple]:
        home = self.service.folder / "data" / "postgres"
        with EmbeddedPostgres(home) as address, psycopg.connect(address) as conn:
            return conn.execute(statement, values).fetchall()  # type: ignore[call-overload]

    def audit(self) -> list[tuple]:
        """Return what became of commands: who, to which state, and what was said."""
        return self.rows(
            "SELECT to_state, actor, reason FROM platform.transition_audit WHERE entity = 'command' ORDER BY seq"
        )

    def jobs(self) -> list[dict]:
        """Return the render's jobs, its retries with it."""
        client = self.service.sign_in(OPERATOR)
        session = client.get(f"/render-jobs/{self.job}").json()["sessionId"]
        return client.get(f"/render-jobs/session/{session}").json()

    def commands(self, asked: dict) -> dict:
        told = json.loads(self.service.ruach("ops", "commands", "--json"))
        assert asked["names"] == [each["name"] for each in told]
        assert len(told) >= 9
        return {}

    def dry(self, _: dict) -> dict:
        assert self.audit() == []
        assert self.rows("SELECT count(*) FROM platform.dead_letter WHERE resolved_at IS NULL") == [(1,)]
        return {}

    def retried(self, _: dict) -> dict:
        (running, done) = self.audit()
        assert (running[0], done[0]) == ("running", "done")
        assert done[1].startswith("session:")
        assert done[2] == f'render.retry {{"renderJobId":"{self.job}"}}: the footage is back'
        (again,) = self.rows("SELECT render_job_id, automation_id FROM render.render_job WHERE retry_of = %s", self.job)
        (first,) = self.rows("SELECT automation_id FROM render.render_job WHERE render_job_id = %s", self.job)
        assert again[1] == first[0]
        assert str(again[0]) != self.job
        return {}

    def own(self, _: dict) -> dict:
        client = self.service.sign_in(OPERATOR)
        (waiting,) = client.get("/ops/confirmations", params={"state": "pending"}).json()
        answer = client.post(f"/ops/confirmations/{waiting['id']}/confirm")
        assert answer.json()["code"] == "second_operator_needed"
        return {"status": answer.status_code}

    def confirmed(self, _: dict) -> dict:
        states = [each[0] for each in self.audit()]
        assert states[2:] == ["awaiting-confirmation", "awaiting-confirmation", "confirmed", "done"]
        who = {each[0]: each[1] for each in self.audit()[3:]}
        assert who["confirmed"] != who["done"]
        return {}

    def stop(self, _: dict) -> dict:
        return {"code": self.service.stop()}

    def start(self, _: dict) -> dict:
        self.service.start()
        return {}


def test_two_operators_and_a_member_at_the_page(service: Service, tmp_path: Path) -> None:
    talk = make_talk(service.folder / "footage", seconds=8, size=(320, 180))
    client, member = service.sign_in(OPERATOR), service.sign_in(MEMBER)
    job = died(client, talk, locked_session(client, talk))
    enrollment = member.post("/formation-engine/enroll", json=COVENANT).json()["formationEnrollmentId"]
    path = member.get("/formation-engine/path").json()
    shut = next(each["nodeId"] for each in path["nodes"] if each["state"] == "locked")
    (letter,) = client.get("/ops/dead-letters").json()["deadLetters"]
    given = {
        "address": service.address, "anna": OPERATOR, "ben": BEN, "mia": MEMBER, "password": PASSWORD, "jobId": job,
        "letterId": letter["deadLetterId"], "letter": letter, "enrollmentId": enrollment,
        "nodeId": shut,
    }  # fmt: skip
    told = walked(Held(service, job, enrollment), given, tmp_path / "browser.log")
    assert [each["done"] for each in told if "done" in each], "no step was done"
    failed = [each for each in told if "failed" in each]
    assert not failed, f"{failed[0]['failed']}: {failed[0]['why']}\n{failed[0]['page']}"


def walked(held: Held, given: dict, log: Path) -> list[dict]:
    """Run the browser, answer what it asks, and return what it said of each step."""
    said = []
    environment = {**os.environ, "RUACH_E2E": json.dumps(given), "RUACH_CHROMIUM": str(CHROMIUM)}
    with log.open("w") as errors, subprocess.Popen(
        ["node", "e2e/ops.mjs"], cwd=WEB, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        text=True, bufsize=1,
    ) as browser:  # fmt: skip
        assert browser.stdin is not None
        assert browser.stdout is not None
        try:
            for line in browser.stdout:
                said.append(json.loads(line))
                if "please" in said[-1]:
                    answer = getattr(held, said[-1]["please"])(said[-1])
                    browser.stdin.write(json.dumps(answer) + "\n")
        except BaseException:
            browser.terminate()
            raise
    assert browser.returncode == 0 or any("failed" in each for each in said), log.read_text()
    return said
