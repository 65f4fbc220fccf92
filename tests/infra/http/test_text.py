"""Text that no column can hold is refused before a route sees it, with the place named; all other text passes."""

from typing import Any

import pytest
from pydantic import BaseModel
from starlette.requests import Request


class Words(BaseModel):
    anything: dict[str, Any]


@pytest.fixture
def seen(api):
    calls = []

    @api.post("/words/{name}")
    async def words(name: str, body: Words, q: str = ""):
        calls.append((name, q, body.anything))

    @api.post("/perhaps")
    async def perhaps(body: Words | None = None):
        calls.append(body and body.anything)

    @api.post("/raw")
    async def raw(request: Request):
        calls.append(await request.body())

    return calls


@pytest.mark.parametrize(
    ("path", "body", "subject"),
    [
        ("/words/a%00b", b'{"anything": {}}', "name"),
        ("/words/a?q=%00", b'{"anything": {}}', "q"),
        ("/words/a?other%00=1", b'{"anything": {}}', "other\\0"),
        ("/words/a", b'{"anything": {"list": [{"deep": "x\\u0000"}]}}', "body.anything.list.0.deep"),
        ("/words/a", b'{"anything": {"ke\\u0000y": 1}}', "body.anything"),
        ("/words/a", b'{"anything": {"half": "\\ud800"}}', "body.anything.half"),
    ],
)
async def test_it_is_refused_where_it_stands(client, seen, path, body, subject):
    answer = await client.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (answer.json()["code"], answer.json()["subject"]) == ("bad_input", subject)
    assert seen == []


async def test_what_only_looks_like_it_passes(client, seen):
    body = b'{"anything": {"path": "C:\\\\u0000", "emoji": "\\ud83d\\ude00"}}'
    answer = await client.post("/words/%2500?q=%5Cx00", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert seen == [("%00", "\\x00", {"path": "C:\\u0000", "emoji": "😀"})]


async def test_raw_bytes_are_the_route_s_own_matter(client, seen):
    answer = await client.post("/raw", content=b'{"a": "\\u0000"', headers={"content-type": "application/json"})
    assert (answer.status_code, seen) == (200, [b'{"a": "\\u0000"'])


JSON_TYPES = ["application/json", "application/json; charset=utf-8", "application/x+json"]
OTHER_TYPES = ["text/json", "application/jsonish"]  # FastAPI reads no JSON there


@pytest.mark.parametrize("kind", JSON_TYPES + OTHER_TYPES)
async def test_no_body_is_no_body_whatever_it_is_said_to_be(client, seen, kind):
    answer = await client.post("/perhaps", content=b"", headers={"content-type": kind})
    assert (answer.status_code, seen) == (200, [None]), answer.text
    answer = await client.post("/words/a", content=b"", headers={"content-type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe"])
@pytest.mark.parametrize("kind", JSON_TYPES + OTHER_TYPES)
async def test_a_body_that_is_no_json_is_refused(client, seen, kind, content):
    answer = await client.post("/words/a", content=content, headers={"content-type": kind})
    assert answer.status_code == (400 if kind in JSON_TYPES else 422), answer.text
    assert (answer.headers["content-type"], seen) == ("application/problem+json", [])
