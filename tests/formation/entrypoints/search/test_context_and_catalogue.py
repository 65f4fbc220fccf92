"""Context is cited and within its budget; a step's page and the catalogue show media where it may be seen."""

import pytest

from ruach_studio.events.envelope import Envelope
from ruach_studio.events.render import RenderCompleted
from ruach_studio.formation.entrypoints.inbound import consumers
from ruach_studio.formation.store import artifacts
from ruach_studio.formation.usecases.keep_artifact import keep_artifact
from ruach_studio.infra.audit import list_decisions
from ruach_studio.infra.outbox import Relay, publish

ENGINE = "/formation-engine"
JOB = "706334c9-e8d8-41bb-b572-9c0871fcba05"


async def test_passages_are_numbered_cited_and_joined(member, read_s1):
    await read_s1(member)
    told = (await member.get(f"{ENGINE}/context", params={"q": "what did the watchman say about silence"})).json()
    passages = told["passages"]
    assert [each["number"] for each in passages] == list(range(1, len(passages) + 1))
    assert {each["nodeId"] for each in passages} >= {"s1", "r1", "c1"}
    assert all(each["contentRef"] == f"content/{each['nodeId']}" and len(each["sha256"]) == 64 for each in passages)
    assert told["words"] == sum(each["words"] for each in passages)
    first = passages[0]
    assert told["text"].startswith(f"[1] {first['heading']}\n{first['text']}")
    watchman = next(each for each in passages if each["nodeId"] == "s1")
    assert [media["format"] for media in watchman["media"]] == ["full_16_9"]
    assert told["decision"]["rulesVersion"] == "retrieval-v1"


async def test_the_budget_holds(member, read_s1, services, clock):
    await read_s1(member)
    told = (await member.get(f"{ENGINE}/context", params={"q": "watchman danger silence", "words": 50})).json()
    assert 0 < told["words"] <= 50
    for words in (49, 4001):
        assert (await member.get(f"{ENGINE}/context", params={"q": "watchman", "words": words})).status_code == 422


async def test_an_open_step_shows_its_text_and_media_and_the_gate_is_recorded(member, services):
    page = (await member.get(f"{ENGINE}/nodes/s1")).json()
    assert (page["access"], page["state"], page["contentRef"]) == ("granted", "open", "content/s1")
    assert page["body"].startswith("The watchman names the danger")
    assert page["prompt"] == "What do you hear?"
    assert [media["url"] for media in page["media"]] == ["https://cdn.test/renders/talk-s1/full_16_9/1.mp4"]
    async with services.database.connection() as conn:
        (row,) = await list_decisions(conn, subject=member.enrollment.enrollment_id)
    assert (row["result"], row["result"]["decision"]) == (page["decision"], "granted")


async def test_a_gated_step_says_what_would_open_it(member):
    page = (await member.get(f"{ENGINE}/nodes/s2")).json()
    assert (page["access"], page["state"], page["body"], page["contentRef"]) == ("gated", "locked", None, None)
    assert page["step"]["title"] == "The turn of repentance"
    assert page["toOpen"]
    assert page["reasons"][-1] == f"to open it: {page['toOpen']}"
    assert page["decision"]["decision"] == "gated"


async def test_a_step_that_the_path_has_not_is_not_found(member):
    answer = await member.get(f"{ENGINE}/nodes/elsewhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "node_not_found")


async def test_the_members_catalogue_follows_the_path_page_by_page(member):
    first = (await member.get(f"{ENGINE}/catalogue", params={"limit": 2})).json()
    assert [each["step"]["nodeId"] for each in first["entries"]] == ["s1", "r1"]
    assert [len(each["media"]) for each in first["entries"]] == [1, 0]
    rest = (await member.get(f"{ENGINE}/catalogue", params={"after": first["nextAfter"]})).json()
    assert [each["step"]["nodeId"] for each in rest["entries"]] == ["c1", "s2", "far"]
    assert (rest["nextAfter"], rest["loose"]) == (None, [])


async def test_an_operator_sees_every_piece_and_artifact(caller, library, secret):
    operator = await caller("operator")
    first = (await operator.get(f"{ENGINE}/catalogue", params={"limit": 4})).json()
    rest = (await operator.get(f"{ENGINE}/catalogue", params={"limit": 4, "after": first["nextAfter"]})).json()
    entries = first["entries"] + rest["entries"]
    assert [each["contentRef"] for each in entries] == [
        f"content/{name}" for name in ("c1", "far", "loose", "r1", "s1", "s2")
    ]
    assert {each["sessionId"] for each in entries if each["media"]} == {"talk-s1", "talk-s2"}
    assert [each["sessionId"] for each in first["loose"]] == ["talk-alone"]
    hits = (await operator.get(f"{ENGINE}/search", params={"q": secret})).json()["hits"]
    assert {hit["contentRef"] for hit in hits} == {"content/s2", "content/far", "content/loose"}
    assert {hit["state"] for hit in hits} == {"library"}
    assert secret in (await operator.get(f"{ENGINE}/nodes/far")).json()["body"]
    cited = (await operator.get(f"{ENGINE}/context", params={"q": secret})).json()["passages"]
    assert "content/loose" in {each["contentRef"] for each in cited}


def completed(version, url, duration=1000.0):
    return RenderCompleted("talk-s1", JOB, version, "full_16_9", url, "video/mp4", 10, "cd" * 32, duration)


async def test_a_published_render_reaches_the_catalogue_once(member, services):
    async with services.database.transaction() as tx:
        await publish(tx, completed(2, "https://cdn.test/new.mp4"))
    relay = Relay(services.database, consumers(services))
    assert await relay.drain() == 1
    assert await relay.drain() == 0
    page = (await member.get(f"{ENGINE}/nodes/s1")).json()
    assert [(media["editVersion"] if "editVersion" in media else media["edlVersion"], media["url"])
            for media in page["media"]] == [(2, "https://cdn.test/new.mp4")]  # fmt: skip


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1), (3, 2, 1)])
async def test_an_older_edl_never_replaces_a_newer_one(services, clock, order):
    for version in order:
        event = completed(version, f"https://cdn.test/{version}.mp4", None)
        clock.later(seconds=1)
        async with services.database.transaction() as tx:
            await keep_artifact(tx, Envelope(f"e{version}", "render.completed", 1, clock.now(), "c", None, event.payload()))
    async with services.database.connection() as conn:
        ((kept,),) = (await artifacts.of_sessions(conn, ["talk-s1"])).values()
    assert (kept.edl_version, kept.url, kept.duration_ms) == (3, "https://cdn.test/3.mp4", None)


async def test_of_one_edl_the_later_publication_stands(services, clock, make_artifact):
    early = make_artifact("talk-s1", at=clock.now())
    late = make_artifact("talk-s1", at=clock.later(seconds=5), job="806334c9-e8d8-41bb-b572-9c0871fcba05")
    for given in ((early, late), (late, early)):
        async with services.database.transaction() as tx:
            stored = [await artifacts.keep(tx, each) for each in given]
        assert stored in ([True, True], [False, False])
    async with services.database.connection() as conn:
        ((kept,),) = (await artifacts.of_sessions(conn, ["talk-s1"])).values()
    assert kept == late
