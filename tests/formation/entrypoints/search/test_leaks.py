"""What is locked is told by its title alone: no body, prompt, media, count, error or audit row holds a word of its text."""

import json

import pytest
import sqlalchemy as sa

from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path

ENGINE = "/formation-engine"


@pytest.fixture
async def stranger(caller, library):
    """A member who has not enrolled."""
    return await caller("member")


@pytest.fixture(params=["member", "stranger", "explorer"])
async def reader(request, caller, services, library):
    """A member on the path, one who has not enrolled, one who only browses."""
    client = await caller("member")
    covenant = {"member": "formation_journey", "explorer": "resource_explorer"}.get(request.param)
    if covenant is not None:
        await enroll_in_formation_path(services, client.account_id, covenant=covenant, acknowledged_terms=True)
    return client


async def test_a_word_of_a_locked_text_finds_nothing_and_stands_in_no_answer(reader, secret, services):
    paths = [
        f"/search?q={secret}", f"/search?q=%22the {secret}%22", f"/search?q=repentance {secret}",
        f"/search?q={secret} -watchman", f"/context?q={secret}", f"/context?q=repentance {secret}&words=4000",
        "/nodes/s2", "/nodes/far", "/nodes/none", "/catalogue",
    ]  # fmt: skip
    for path in paths:
        answer = await reader.get(ENGINE + path)
        told = dict(answer.json()) if answer.status_code == 200 else answer.json()
        told.pop("query", None)  # what the reader typed themselves
        assert secret not in json.dumps(told), path
        assert "talk-s2" not in answer.text, path
        assert "key" not in answer.headers.get("etag", "")
    async with services.database.connection() as conn:
        audit = await conn.scalar(sa.text(
            "SELECT concat((SELECT string_agg(entry, '') FROM platform.decision_audit),"
            " (SELECT string_agg(inputs, '') FROM platform.decision_input))"
        ))  # fmt: skip
    assert secret not in audit


async def test_an_answer_is_the_same_whether_a_locked_text_has_the_word_or_not(reader, services, secret):
    async def answers():
        told = []
        for path in ("/search", "/context"):
            for query in (secret, f"repentance {secret}", f"-{secret} watchman", "inner gate harvest key"):
                each = (await reader.get(ENGINE + path, params={"q": query})).json()
                each["decision"].pop("correlationId")
                told.append(each)
        return told

    before = await answers()
    async with services.database.transaction() as tx:
        await tx.execute(sa.text("DELETE FROM formation.chunk WHERE content_ref IN ('content/s2', 'content/far')"))
    assert await answers() == before


async def test_a_locked_step_keeps_its_place_whatever_its_text_says(reader, services, secret):
    before = (await reader.get(f"{ENGINE}/search", params={"q": "repentance turn"})).json()["hits"]
    async with services.database.transaction() as tx:
        more = "UPDATE formation.chunk SET text = 'repentance turn ' || text WHERE content_ref = 'content/s2'"
        await tx.execute(sa.text(more))
    assert (await reader.get(f"{ENGINE}/search", params={"q": "repentance turn"})).json()["hits"] == before
    assert [hit["step"]["nodeId"] for hit in before if hit["locked"]] == ["s2"]


async def test_a_piece_on_no_path_is_not_there_for_members(reader):
    for path in ("/search?q=leaf", "/context?q=leaf", "/catalogue"):
        assert "loose" not in (await reader.get(ENGINE + path)).text.replace('"loose":[]', "")


async def test_the_context_names_no_locked_step(member):
    told = (await member.get(f"{ENGINE}/context", params={"q": "the turn of repentance"})).json()
    assert "repentance" not in json.dumps({name: told[name] for name in ("passages", "text")}).lower()


async def test_a_stranger_sees_titles_and_how_to_begin_and_no_text(stranger):
    hits = (await stranger.get(f"{ENGINE}/search", params={"q": "watchman"})).json()["hits"]
    assert [(hit["title"], hit["state"], hit["snippet"]) for hit in hits] == [("The watchman", "locked", [])]
    assert hits[0]["locked"] == ["enter the covenant first"]
    page = (await stranger.get(f"{ENGINE}/nodes/s1")).json()
    assert (page["access"], page["body"], page["prompt"], page["media"]) == ("gated", None, None, [])
    listed = (await stranger.get(f"{ENGINE}/catalogue")).json()["entries"]
    assert [(each["title"], each["state"], each["contentRef"]) for each in listed][:2] == [
        ("The watchman", "locked", None), ("Silence", "locked", None),
    ]  # fmt: skip
    assert (await stranger.get(f"{ENGINE}/context", params={"q": "watchman"})).json()["passages"] == []


async def test_once_unlocked_the_text_is_found_and_shown(member, unlock, secret):
    await unlock(member, "s2")
    hits = (await member.get(f"{ENGINE}/search", params={"q": secret})).json()["hits"]
    assert [hit["step"]["nodeId"] for hit in hits] == ["s2"]
    assert [part["text"] for part in hits[0]["snippet"] if part["found"]] == [secret, secret]
    page = (await member.get(f"{ENGINE}/nodes/s2")).json()
    assert (page["access"], secret in page["body"], secret in page["prompt"]) == ("granted", True, True)
    assert [media["sessionId"] for media in page["media"]] == ["talk-s2"]
    other = (await member.get(f"{ENGINE}/nodes/far")).json()
    assert (other["access"], other["body"], other["contentRef"]) == ("gated", None, None)


async def test_an_operator_who_walks_the_path_reads_as_any_member(caller, library, services, secret):
    operator = await caller("operator")
    assert (await operator.get(f"{ENGINE}/search", params={"q": secret})).json()["hits"] != []
    await enroll_in_formation_path(services, operator.account_id, covenant="formation_journey", acknowledged_terms=True)
    assert (await operator.get(f"{ENGINE}/search", params={"q": secret})).json()["hits"] == []
    assert (await operator.get(f"{ENGINE}/nodes/s2")).json()["body"] is None


async def test_one_members_access_opens_nothing_for_another(member, unlock, caller, services, secret):
    await unlock(member, "s2")
    other = await caller("member", name="other")
    await enroll_in_formation_path(services, other.account_id, covenant="formation_journey", acknowledged_terms=True)
    for params in ({"q": secret}, {"q": secret, "userId": member.account_id}, {"q": secret, "user": member.account_id}):
        assert (await other.get(f"{ENGINE}/search", params=params)).json()["hits"] == []
    page = await other.get(f"{ENGINE}/nodes/s2", headers={"x-user-id": member.account_id})
    assert page.json()["body"] is None
