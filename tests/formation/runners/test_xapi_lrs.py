"""Against a real record store over HTTP: each answer means what the specification says, and nothing secret is logged."""

from datetime import UTC, datetime

import httpx
import pytest

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.ports import RecordStoreClosed, StatementsRefused
from ruach_studio.formation.runners.xapi_lrs import RecordStoreUnavailable, XapiLrs
from ruach_studio.formation.xapi import Place, statement
from ruach_studio.testing.lrs import PASSWORD, USER, RecordStore, serving

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENROLLMENT = "0b3f2a52-0c3b-4a53-9d1c-0f3f6f0d6b01"


def made(*versions, node="s1"):
    data = {"sectionId": node, "phase": "awakening", "dwellTimeSeconds": 3}
    event = JournalEvent("x", "7", ENROLLMENT, "section_viewed", node, START, data)
    return [statement(event, version, Place("ruach", 1), "http://studio.test") for version in versions]


@pytest.fixture
def store():
    return RecordStore()


@pytest.fixture
async def lrs(store):
    async with serving(store) as endpoint, httpx.AsyncClient() as client:
        yield XapiLrs(client, endpoint + "/", USER, PASSWORD, version="1.0.3", timeout_s=5)


async def test_statements_are_stored_and_again_is_no_error(lrs, store):
    await lrs.check()
    await lrs.store(made(1, 2))
    await lrs.store(made(1, 2))
    await lrs.store(made(2, 3))
    assert list(store.stored) == [each["id"] for each in made(1, 2, 3)]
    assert lrs.name.endswith("/xapi")


async def test_a_store_that_calls_every_repeat_a_conflict_is_asked_what_it_holds(lrs, store):
    store.repeats = "conflict"
    await lrs.store(made(1))
    await lrs.store(made(1))
    with pytest.raises(StatementsRefused) as refused:
        await lrs.store(made(1, 2))  # a batch is halved by the caller
    assert refused.value.details["status"] == 409
    with pytest.raises(StatementsRefused, match="409"):
        await lrs.store(made(1, node="s2"))  # another statement under the same id


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, StatementsRefused), (409, StatementsRefused), (413, StatementsRefused), (422, StatementsRefused),
        (401, RecordStoreClosed), (403, RecordStoreClosed), (404, RecordStoreClosed), (302, RecordStoreClosed),
        (408, RecordStoreUnavailable), (429, RecordStoreUnavailable), (500, RecordStoreUnavailable),
        (503, RecordStoreUnavailable),
    ],
)  # fmt: skip
async def test_what_an_answer_is_about(lrs, store, status, kind):
    store.statuses = [status]
    with pytest.raises(kind, match=f"HTTP {status}") as refused:
        await lrs.store(made(1))
    assert PASSWORD not in str(refused.value)
    assert store.stored == {}


async def test_a_broken_line_is_tried_again_later(lrs, store):
    store.die_after = 1
    with pytest.raises(RecordStoreUnavailable):
        await lrs.store(made(1, 2))
    assert len(store.stored) == 1
    async with httpx.AsyncClient() as client:
        nobody = XapiLrs(client, "http://127.0.0.1:9/xapi", USER, PASSWORD, version="1.0.3")
        with pytest.raises(RecordStoreUnavailable):
            await nobody.store(made(1))


async def test_wrong_credentials_are_a_persons_task(store):
    async with serving(store) as endpoint, httpx.AsyncClient() as client:
        for user, password in ((None, None), (USER, "wrong")):
            with pytest.raises(RecordStoreClosed, match="RUACH_XAPI_PASSWORD"):
                await XapiLrs(client, endpoint, user, password, version="1.0.3").store(made(1))


async def test_the_version_is_agreed_before_anything_is_sent(store):
    store.speaks = ["2.0.0"]
    async with serving(store) as endpoint, httpx.AsyncClient() as client:
        with pytest.raises(RecordStoreClosed, match=r"speaks xAPI 2\.0\.0, not 1\.0\.3"):
            await XapiLrs(client, endpoint, USER, PASSWORD, version="1.0.3").check()
        newer = XapiLrs(client, endpoint, USER, PASSWORD, version="2.0.0")
        await newer.check()
        await newer.store(made(1))
        assert len(store.stored) == 1
        silent = XapiLrs(client, endpoint.removesuffix("/xapi") + "/other", USER, PASSWORD, version="1.0.3")
        await silent.check()  # 404: it says nothing about versions, so nothing speaks against it
