"""Search over HTTP: what a member finds, in which order and why; what is said when a part is away; odd queries."""

from dataclasses import replace
from fractions import Fraction

import httpx
import pytest
import sqlalchemy as sa

from ruach_studio.app.api import create_api
from ruach_studio.formation.entrypoints.wire_search import snippet_parts
from ruach_studio.formation.ports import EmbedderAnswerRefused
from ruach_studio.formation.usecases.recompute_decisions import recompute_decisions
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.infra.audit import list_decisions, stored_inputs
from ruach_studio.infra.http.access import routes_without_a_role
from ruach_studio.kernel.errors import Unavailable
from ruach_studio.kernel.hashing import sha256_hex

SEARCH = "/formation-engine/search"


async def ask(client, query, **more):
    answer = await client.get(SEARCH, params={"q": query, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_readable_hit_has_its_passage_its_media_and_reasons_in_numbers(member):
    found = await ask(member, "warnings of danger")
    hit = found["hits"][0]
    assert (hit["title"], hit["state"], hit["contentRef"], hit["locked"]) == ("The watchman", "open", "content/s1", None)
    assert hit["step"]["nodeId"] == "s1"
    assert hit["heading"] == "The watchman"
    assert [part["text"] for part in hit["snippet"] if part["found"]] == ["danger", "warning"]
    assert hit["reasons"] == [
        "full text rank 1: +1/61", "meaning rank 1: +1/122", "title rank 1: +1/61", "open, not done: ×6/5",
    ]  # fmt: skip
    assert hit["score"] == pytest.approx(2.5 / 61 * 1.2, abs=1e-6)
    assert [media["url"] for media in hit["media"]] == ["https://cdn.test/renders/talk-s1/full_16_9/1.mp4"]
    assert (found["degraded"], found["query"]) == ([], "warnings of danger")


async def test_a_locked_hit_has_its_title_why_it_is_locked_and_what_would_open_it(member):
    hit = next(each for each in (await ask(member, "repentance"))["hits"] if each["state"] == "locked")
    assert (hit["title"], hit["step"]["nodeId"], hit["step"]["description"]) == (
        "The turn of repentance", "s2", "Turn round.",
    )  # fmt: skip
    assert (hit["contentRef"], hit["heading"], hit["snippet"], hit["media"]) == (None, None, [], [])
    assert any("threshold 0.40" in reason for reason in hit["locked"])
    assert hit["locked"][-1].startswith("to open it: ")
    assert hit["reasons"] == ["title rank 1: +1/61", "locked: found by its title, tags or description alone"]


async def test_done_and_recently_read_are_said(member, read_s1):
    await read_s1(member)
    found = await ask(member, "watchman")
    first, second = found["hits"][:2]
    assert (first["step"]["nodeId"], first["state"]) == ("c1", "open")  # opened by s1; its text names the watchman
    assert (second["step"]["nodeId"], second["state"]) == ("s1", "done")
    assert second["reasons"][-2:] == ["done already: ×1/2", "read today: ×4/5"]


async def test_what_shares_a_tag_with_the_last_reflection_comes_nearer(member, services, read_s1):
    await read_s1(member)
    text = "I sat in silence this morning and I noticed how afraid I am of it, because nobody praises me there. " * 4
    await submit_reflection(services, member.account_id, "r1", text)
    hit = next(each for each in (await ask(member, "silence"))["hits"] if each["step"]["nodeId"] == "r1")
    assert "shares silence with your last reflection: ×11/10" in hit["reasons"]


async def test_the_ranking_is_in_the_audit_without_the_query_and_can_be_decided_again(member, services):
    found = await ask(member, "a very private worry about the watchman")
    async with services.database.connection() as conn:
        (row,) = await list_decisions(conn, subject=f"search:{member.account_id}")
        inputs = await stored_inputs(conn, row["result"]["inputsHash"])
        everything = await conn.scalar(sa.text(
            "SELECT (SELECT string_agg(entry, '') FROM platform.decision_audit)"
            " || (SELECT string_agg(inputs, '') FROM platform.decision_input)"
        ))  # fmt: skip
    assert row["result"] == found["decision"]
    assert row["result"]["rulesVersion"] == "retrieval-v1"
    assert row["result"]["decision"] == ", ".join(hit["step"]["nodeId"] for hit in found["hits"])
    assert inputs["querySha256"] == sha256_hex(b"a very private worry about the watchman")
    assert inputs["embedder"] == [services.embedder.embedder_id, services.embedder.fingerprint]
    assert inputs["weights"] == {
        "meaning": "1/2", "done": "1/2", "frontier": "6/5", "reflected": "11/10", "recent": "4/5",
    }  # fmt: skip
    assert "worry" not in everything
    assert (await recompute_decisions(services, [row["result"]])).faults == ()
    forged = {**row["result"], "decision": "far"}
    assert len((await recompute_decisions(services, [forged])).faults) == 1
    assert len((await recompute_decisions(services, [{**forged, "inputsHash": "0" * 64}])).faults) == 1


async def test_the_same_question_has_the_same_answer(member):
    one, other = await ask(member, "danger and silence"), await ask(member, "danger and silence")
    assert one["hits"] == other["hits"]
    assert one["decision"]["inputsHash"] == other["decision"]["inputsHash"]


@pytest.mark.parametrize("failure", [Unavailable("away"), EmbedderAnswerRefused("odd"), TimeoutError()])
async def test_without_the_embedder_full_text_answers_and_says_so(member, services, failure):
    class Away:
        embedder_id, fingerprint, least_similarity, weight = "away", "0" * 64, 0.1, Fraction(1)

        async def embed(self, _texts):
            raise failure

    other = httpx.ASGITransport(app=create_api(replace(services, embedder=Away()), at_once=False))
    async with httpx.AsyncClient(transport=other, base_url="http://studio.test", cookies=member.cookies) as client:
        found = await ask(client, "watchman")
    assert [hit["step"]["nodeId"] for hit in found["hits"]] == ["s1"]
    assert found["degraded"] == ["the embedding service does not answer: full text only"]
    assert found["decision"]["reasons"][-1] == "degraded: the embedding service does not answer: full text only"


async def test_without_pgvector_full_text_answers_and_says_so(member, services):
    async with services.database.transaction() as tx:
        await tx.execute(sa.text("DROP TABLE formation.chunk_vector"))
    found = await ask(member, "watchman")
    assert [hit["step"]["nodeId"] for hit in found["hits"]] == ["s1"]
    assert found["degraded"] == ["pgvector is not installed: full text only"]


async def test_a_query_that_cannot_be_answered_is_a_problem(member):
    for query in ("", "   ", "\x00", "\n\t", "x" * 401, "x" * 5000):
        for path in (SEARCH, "/formation-engine/context"):
            answer = await member.get(path, params={"q": query})
            assert answer.status_code == 422
            assert answer.headers["content-type"] == "application/problem+json"


ODD = (
    "'; DROP TABLE formation.piece; --", "a & | ! <-> b :*", '"unclosed', "( ) \\", "🔥", "пророк", "%_%", "-", "or",
    "\ue000x\ue001",
)  # fmt: skip


async def test_an_odd_query_is_answered(member):
    for query in ODD:
        for path in (SEARCH, "/formation-engine/context"):
            assert (await member.get(path, params={"q": query})).status_code == 200, query


async def test_limits_are_bounded_and_unknown_parameters_do_not_choose_a_reader(member):
    assert (await member.get(SEARCH, params={"q": "a watchman", "limit": 0})).status_code == 422
    assert (await member.get(SEARCH, params={"q": "a watchman", "limit": 51})).status_code == 422
    assert len((await ask(member, "watchman repentance harvest silence", limit=1))["hits"]) == 1


async def test_every_route_takes_the_path_and_checks_its_name(member):
    for route in ("/search?q=a", "/context?q=a", "/nodes/s1?", "/catalogue?"):
        answer = await member.get(f"/formation-engine{route}&pathId=no/name")
        assert (answer.status_code, "pathId" in answer.text) == (422, True), route
    assert (await member.get("/formation-engine/nodes/s1?pathId=nowhere")).status_code == 404
    assert (await member.get("/formation-engine/catalogue?pathId=nowhere")).json()["entries"] == []


async def test_every_route_asks_who_it_is(api, caller):
    assert routes_without_a_role(api) == []
    nobody = await caller()
    for path in ("/search?q=a", "/context?q=a", "/nodes/s1", "/catalogue"):
        assert (await nobody.get(f"/formation-engine{path}")).status_code == 401


def test_a_marked_snippet_becomes_runs():
    start, stop = "\ue000", "\ue001"
    parts = snippet_parts(f"a {start}b{stop} c{start}d{stop}")
    assert [(part.text, part.found) for part in parts] == [("a ", False), ("b", True), (" c", False), ("d", True)]
    assert [(part.text, part.found) for part in snippet_parts(f"<b>{stop}x{start}y")] == [
        ("<b>x", False), ("y", False),
    ]  # fmt: skip
    assert snippet_parts("") == []
