"""Members walk through the running service: real process, real HTTP, and a real kill -9 while eight of them write.

What was acknowledged stands in the journal, once; versions have no gap; projections catch up by themselves; the audit holds.
"""

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest

from ruach_studio.app.wiring import open_services
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.settings import load_settings
from ruach_studio.testing.service import OPERATOR, PASSWORD, Service, served, wait

pytestmark = [pytest.mark.xdist_group("journeys"), pytest.mark.timeout(300)]
MEMBERS = [f"m{n}@example.org" for n in range(8)]
COVENANT = {"covenantType": "formation_journey", "acknowledgedTerms": True}
SECTIONS = [f"s{n}" for n in range(12)]
ENGINE, GRAPHS = "/formation-engine", "/formation-dependency/ruach"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("journeys")) as running:
        asyncio.run(join(running))
        yield running


async def join(running: Service) -> None:
    """Make the members' accounts in one go; a command for each would take seconds each."""
    with bind(correlation_id=new_id()):
        settings = load_settings(data_dir=running.folder / "data")
        async with open_services(settings) as services, services.database.transaction() as tx:
            for email in MEMBERS:
                await create_account(tx, email, PASSWORD, ["member"])


def publish(operator: httpx.Client) -> None:
    operator.put(GRAPHS, json={"title": "A path", "description": ""}).raise_for_status()
    for name in (*SECTIONS, "end"):
        piece = {"title": name.upper(), "body": f"The text of {name}."}
        operator.put(f"/formation-dependency/pieces/content/{name}", json=piece).raise_for_status()
    node = {"phase": "awakening", "kind": "section", "description": "", "tags": ["prayer"], "prerequisites": []}
    nodes = [{**node, "nodeId": name, "title": name.upper(), "contentRef": f"content/{name}"} for name in SECTIONS]
    nodes.append({**node, "nodeId": "end", "title": "END", "contentRef": "content/end", "prerequisites": SECTIONS})
    answer = operator.put(f"{GRAPHS}/draft", json={"revision": 0, "nodes": nodes})
    assert answer.status_code == 200, answer.text
    answer = operator.post(f"{GRAPHS}/versions", json={"draftRevision": answer.json()["revision"], "reason": "the first"})
    assert answer.status_code == 201, answer.text


class Writer(threading.Thread):
    """A member who completes section after section until the service is gone; `kept` is what was acknowledged."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__()
        self.client, self.kept, self.wrong = client, list[tuple[str, str]](), list[str]()

    def run(self) -> None:
        for event_type in ("section_viewed", "section_completed"):
            for name in SECTIONS:
                try:
                    answer = self.client.post(f"{ENGINE}/events", json={"eventType": event_type, "contentId": name})
                except httpx.TransportError:
                    return
                if answer.status_code == 202 and answer.json()["recorded"]:
                    self.kept.append((event_type, name))
                else:
                    self.wrong.append(answer.text)


def journal(operator: httpx.Client, enrollment_id: str) -> list[dict]:
    answer = operator.get(f"{ENGINE}/enrollments/{enrollment_id}/events", params={"limit": 500})
    assert answer.status_code == 200, answer.text
    return answer.json()["events"]


def nothing_acknowledged_is_lost_by_a_kill(service: Service) -> None:
    operator = service.sign_in(OPERATOR)
    publish(operator)
    members = [service.sign_in(email) for email in MEMBERS]
    ids = [m.post(f"{ENGINE}/enroll", json=COVENANT).json()["formationEnrollmentId"] for m in members]
    writers = [Writer(client) for client in members]
    for writer in writers:
        writer.start()
    wait(lambda: sum(len(each.kept) for each in writers) > 40, 60, "nobody gets anything written")
    service.kill()
    for writer in writers:
        writer.join()
    kept = sum(len(each.kept) for each in writers)
    assert 40 < kept < 2 * len(SECTIONS) * len(writers), "the kill came in the middle"
    assert [each.wrong for each in writers if each.wrong] == []

    service.start()
    operator = service.sign_in(OPERATOR)
    for writer, enrollment_id in zip(writers, ids, strict=True):
        events = journal(operator, enrollment_id)
        assert [each["version"] for each in events] == list(range(1, len(events) + 1))
        written = [(each["eventType"], each["contentId"]) for each in events]
        assert set(writer.kept) <= set(written)
        assert len(written) == len(set(written)), "nothing stands twice"

    def noted() -> bool:  # the jobs that the kill interrupted are done again by themselves
        told = [{(e["eventType"], e["contentId"]) for e in journal(operator, each)} for each in ids]
        return all({("content_unlocked", name) for name in SECTIONS} <= each for each in told)

    wait(noted, 90, "the projector does not go on")


def a_member_goes_on_where_they_were(service: Service) -> None:
    member = service.sign_in(MEMBERS[0])
    assert member.post(f"{ENGINE}/enroll", json=COVENANT).json()["created"] is False
    for event_type in ("section_viewed", "section_completed"):
        for name in SECTIONS:
            member.post(f"{ENGINE}/events", json={"eventType": event_type, "contentId": name})
    steps = member.get(f"{ENGINE}/next-step").json()
    assert (steps["source"], steps["steps"][0]["decision"]) == ("journey", "end")
    access = member.get(f"{ENGINE}/nodes/end/access").json()
    assert access.get("decision") == "granted", access
    score = member.get(f"{ENGINE}/score", params={"phase": "awakening"})
    assert "sections completed 12 of 13 (20 %)" in score.text


def the_audit_holds_afterwards(service: Service) -> None:
    service.stop()
    said = service.ruach("audit", "verify")
    assert " 0 faults" in said


@pytest.mark.slow
def test_members_walk_through_a_kill(service: Service) -> None:
    nothing_acknowledged_is_lost_by_a_kill(service)
    a_member_goes_on_where_they_were(service)
    the_audit_holds_afterwards(service)
