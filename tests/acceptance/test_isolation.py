"""The table "Isolation Boundaries", cell by cell: the pillars run apart, and what is called down is really stopped.

Rows render, assembly and formation; the tests share one studio and go in the order of the file.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import psycopg
import pytest

from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.testing.apart import Apart
from ruach_studio.testing.service import wait
from ruach_studio.testing.talk import Talk, make_talk

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("isolation"), pytest.mark.timeout(600)]
OPERATOR, MEMBER = "op@example.org", "member@example.org"
DEADLINE_MS = 8000  # of next-step, before the static list: a busy machine must not look like formation down
COVENANT = {"covenantType": "formation_journey", "acknowledgedTerms": True}


@dataclass
class Studio:
    """The four processes, their footage, and what the rows have made so far."""

    apart: Apart
    talk: Talk
    locked: list[str] = field(default_factory=list)
    media: str = ""

    def client(self, name: str, email: str = OPERATOR) -> httpx.Client:
        return getattr(self.apart, name).sign_in(email)

    def make_and_lock(self) -> str:
        """Take the footage to a locked EDL, through assembly alone."""
        client = self.client("assembly")
        session = client.post("/sessions", json={"title": "Talk"}).json()["sessionId"]
        home = f"/sessions/{session}"
        for camera in self.talk.cameras:
            paths = [str(path) for path in self.talk.files[camera.camera_id]]
            body = {"cameraId": camera.camera_id, "role": camera.role, "paths": paths}
            assert client.post(f"{home}/assets", json=body).status_code == 201
        assert client.post(f"{home}/sync").status_code == 202
        wait(lambda: client.get(home).json()["state"] == "needs-review", 120, "no sync")
        assert client.post(f"{home}/sync/approve", json={"version": 1}).status_code == 200
        assert client.post(f"{home}/assemble").status_code == 202
        wait(lambda: client.get(f"{home}/edl").status_code == 200, 120, "no EDL")
        for step in ("submit", "approve", "lock"):
            assert client.post(f"{home}/edl/{step}", json={"version": 1}).status_code == 200
        self.locked.append(session)
        return session

    def ask(self, session: str, format_name: str = "thumbnail") -> str:
        """Ask render for a format, once it has heard of the locked EDL; return the job's id."""
        client, body = self.client("render"), {"sessionId": session, "format": format_name}
        asked = wait(lambda: (a := client.post("/render-jobs/trigger", json=body)).status_code == 202 and a, 60, "not asked")
        return asked.json()["jobs"][0]["renderJobId"]

    def finished(self, job: str) -> str:
        """Wait for the job and return its artifact's address."""
        client = self.client("render")

        def shown() -> dict | None:
            found = client.get(f"/render-jobs/{job}").json()
            assert found["status"] not in ("failed", "dead-letter"), found
            return found if found["status"] == "completed" else None

        return wait(shown, 180, "not rendered")["artifact"]["url"]

    def check_formation(self) -> None:
        """A member's next steps are their own, and what was published plays."""
        answer = self.client("formation", MEMBER).get("/formation-engine/next-step")
        assert (answer.status_code, answer.json()["source"]) == (200, "journey"), answer.text
        assert httpx.get(self.media).status_code == 200


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """All four processes up, one session published, one member on the sample path."""
    folder = tmp_path_factory.mktemp("isolation")
    patient = {"RUACH_NEXT_STEP_DEADLINE_MS": str(DEADLINE_MS)}
    made = Studio(Apart(folder, patient), make_talk(folder / "footage", seconds=8, size=(320, 180)))
    first = made.apart.assembly
    first.account(OPERATOR, "operator")
    first.account(MEMBER, "member")
    first.ruach("formation", "graph", "publish", "--sample", "--reason", "for the table", "--yes")
    try:
        for each in made.apart.every:
            each.start()
        member = made.client("formation", MEMBER)
        assert member.post("/formation-engine/enroll", json=COVENANT).status_code == 201
        session = made.make_and_lock()
        made.media = made.finished(made.ask(session))
        home = f"/sessions/{session}"
        wait(lambda: made.client("assembly").get(home).json()["state"] == "published", 30, "render.completed is not heard")
        yield made
    finally:
        made.apart.stop()


@pytest.fixture
def render_down(studio: Studio) -> Iterator[Studio]:
    """Neither render's worker nor its API runs; a job of before waits."""
    studio.apart.worker.kill()
    job = studio.ask(studio.locked[0], "clip_1_1")
    assert studio.client("render").get(f"/render-jobs/{job}").json()["status"] == "queued"
    studio.apart.render.kill()
    yield studio
    studio.apart.render.start()
    assert studio.client("render").get(f"/render-jobs/{job}").json()["status"] == "queued", "it waited"
    studio.apart.worker.start()
    studio.finished(job)


def test_render_down(render_down: Studio) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(render_down.apart.render.address)
    render_down.check_formation()
    waiting = render_down.make_and_lock()  # assembly operates normally: the EDL is locked, and its event waits
    answer = render_down.client("assembly").post(f"/render-jobs/render-all/{waiting}")
    assert (answer.status_code, answer.json()["code"]) == (404, "pillar_not_served")


def test_what_was_locked_meanwhile_renders_afterwards(studio: Studio) -> None:
    assert len(studio.locked) == 2
    studio.finished(studio.ask(studio.locked[1], "thumbnail"))


@pytest.fixture
def assembly_down(studio: Studio) -> Iterator[Studio]:
    """Assembly is killed; its EDL was exported before, as an operator does, or written by hand."""
    exported = studio.client("assembly").get(f"/sessions/{studio.locked[1]}/edl/export/json")
    (studio.apart.folder / "manual.edl.json").write_bytes(exported.content)
    studio.apart.assembly.kill()
    yield studio
    studio.apart.assembly.start()


def test_assembly_down(assembly_down: Studio) -> None:
    studio = assembly_down
    with pytest.raises(httpx.TransportError):
        httpx.get(studio.apart.assembly.address)
    studio.finished(studio.ask(studio.locked[1], "clip_1_1"))  # render: any locked EDL
    studio.check_formation()
    folder = studio.apart.folder
    words = ("render", str(folder / "manual.edl.json"), "--format", "thumbnail", "--out", str(folder / "manual"), "--json")
    (film,) = json.loads(studio.apart.render.ruach(*words))  # assembly: the operator's own EDL, without it
    assert film["format"] == "thumbnail"


def test_what_was_published_meanwhile_is_heard_afterwards(studio: Studio) -> None:
    home = f"/sessions/{studio.locked[1]}"
    wait(lambda: studio.client("assembly").get(home).json()["state"] == "published", 60, "the event is lost")


def test_formation_down(studio: Studio) -> None:
    """First its tables are held, then its process is gone."""
    apart, member = studio.apart, studio.client("formation", MEMBER)
    database = EmbeddedPostgres(apart.folder / "data" / "postgres")
    try:
        with psycopg.connect(database.ensure()) as holder:
            holder.execute("LOCK TABLE formation.enrollment, formation.journal IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            answer = member.get("/formation-engine/next-step")  # the dashboard: the static list, said so
            assert (answer.status_code, answer.json()["source"]) == (200, "static"), answer.text
            assert answer.json()["notice"]
            assert len(answer.json()["steps"]) == 10
            assert time.monotonic() - began < DEADLINE_MS / 1000 + 20
            assert httpx.get(f"{apart.formation.address}/readyz/formation").json()["status"] == "degraded"
            holder.rollback()  # an open transaction that has written would keep the relay's cursors from moving, for all
    finally:
        database.release()
    apart.formation.kill()
    with pytest.raises(httpx.TransportError):
        httpx.get(apart.formation.address)
    third = studio.make_and_lock()  # assembly normal
    url = studio.finished(studio.ask(third))  # render normal
    assert httpx.get(url.replace(apart.formation.address, apart.assembly.address)).status_code == 200
    apart.formation.start()
    studio.check_formation()
