"""Turn a folder into a studio that has published a session and guides a member, its pillars in processes of their own.

`Studio` is for the proofs of the table "Isolation Boundaries": what the rows share, whichever dependency they stop.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from ruach_studio.testing.apart import Apart
from ruach_studio.testing.service import OPERATOR, wait
from ruach_studio.testing.talk import Talk, make_talk

MEMBER = "member@example.org"
COVENANT = {"covenantType": "formation_journey", "acknowledgedTerms": True}


def locked_session(client: httpx.Client, talk: Talk, patience_s: float = 120) -> str:
    """Take the talk through sync and assembly to a locked EDL, as the operator `client`, and return its session."""
    session = client.post("/sessions", json={"title": "Talk"}).json()["sessionId"]
    home = f"/sessions/{session}"
    for camera in talk.cameras:
        body = {"cameraId": camera.camera_id, "role": camera.role, "paths": [str(p) for p in talk.files[camera.camera_id]]}
        assert client.post(f"{home}/assets", json=body).status_code == 201
    assert client.post(f"{home}/sync").status_code == 202
    wait(lambda: client.get(home).json()["state"] == "needs-review", patience_s, "no sync")
    assert client.post(f"{home}/sync/approve", json={"version": 1}).status_code == 200
    assert client.post(f"{home}/assemble").status_code == 202
    wait(lambda: client.get(f"{home}/edl").status_code == 200, patience_s, "no EDL")
    for step in ("submit", "approve", "lock"):
        assert client.post(f"{home}/edl/{step}", json={"version": 1}).status_code == 200
    return session


@dataclass
class Studio:
    """The four processes, their footage, and what the rows have made so far."""

    apart: Apart
    talk: Talk
    locked: list[str] = field(default_factory=list)
    media: str = ""

    def client(self, name: str, email: str = OPERATOR) -> httpx.Client:
        """Return a client of the process `name` that is signed in as the account."""
        return getattr(self.apart, name).sign_in(email)

    def make_and_lock(self) -> str:
        """Take the footage to a locked EDL, through assembly alone."""
        self.locked.append(locked_session(self.client("assembly"), self.talk))
        return self.locked[-1]

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


@contextmanager
def running_studio(folder: Path, settings: dict[str, str]) -> Iterator[Studio]:
    """Run all four processes until the block ends: one session is published, one member is on the sample path."""
    made = Studio(Apart(folder, settings), make_talk(folder / "footage", seconds=8, size=(320, 180)))
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
