"""Every error is one kind of answer: problem+json with a code, a remedy and the correlation id."""

import httpx
import pytest
from fastapi import HTTPException
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from ruach_studio.infra.http.problems import title_of
from ruach_studio.kernel.errors import BadInput, Conflict, MediaFailure, NotFound, OutOfSpace, Unavailable

KEYS = {"type", "title", "status", "detail", "instance", "code", "subject", "remedy", "retryable", "correlationId"}


class Cut(BaseModel):
    camera: str
    start_ms: int


class NoDocument(NotFound):
    pass


@pytest.fixture
def raising(api):
    def route(error):
        @api.get("/raise")
        async def fail():
            raise error

    return route


@pytest.fixture
def cuts(api):
    @api.post("/cuts")
    async def add(body: list[Cut]): ...


async def test_an_error_is_told_with_all_it_knows(client, raising):
    raising(BadInput("it is empty (0 bytes)", subject="a.mp4", remedy="Copy it again.", offset_ms=7, known={"b", "a"}))
    answer = await client.get("/raise", params={"token": "hidden"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:ruach:problem:bad_input",
        "title": "The input cannot be used as it is.",
        "status": 422,
        "detail": "a.mp4: it is empty (0 bytes). Copy it again.",
        "instance": "/raise",
        "code": "bad_input",
        "subject": "a.mp4",
        "remedy": "Copy it again.",
        "retryable": False,
        "correlationId": answer.headers["x-correlation-id"],
        "details": {"offset_ms": 7, "known": ["a", "b"]},
    }


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (Conflict("x"), 409, None),
        (Unavailable("x"), 503, "5"),
        (Unavailable("x", retry_after_s=300), 503, "300"),
        (Unavailable("x", retry_after_s=0.2), 503, "1"),
        (OutOfSpace("x"), 507, None),
    ],
)
async def test_status_and_retry_after(client, raising, error, status, retry_after):
    raising(error)
    answer = await client.get("/raise")
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
    assert answer.json()["retryable"] is (status in (503, 507))
    assert "details" not in answer.json()


async def test_a_500_keeps_its_details_for_the_log(client, raising):
    raising(MediaFailure("it stopped", subject="a.mp4", stderr="/srv/secret/a.mp4"))
    assert "secret" not in (await client.get("/raise")).text


async def test_wrong_fields_are_listed_without_what_was_sent(client, cuts):
    answer = await client.post("/cuts", json=[{"camera": 1, "start_ms": "hunter2"}, {}])
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [
        "body.0.camera", "body.0.start_ms", "body.1.camera", "body.1.start_ms",
    ]  # fmt: skip
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[1,]"])
async def test_a_body_that_is_no_json_is_400(client, cuts, body):
    answer = await client.post("/cuts", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_unknown_path_and_method(client, cuts):
    nowhere, wrong = await client.get("/nowhere"), await client.delete("/cuts")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "POST")
    assert set(nowhere.json()) >= KEYS


async def test_an_http_exception_of_a_library_is_a_problem_too(client, raising):
    raising(HTTPException(418, "short and stout"))
    answer = await client.get("/raise")
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (418, "http_418", "short and stout")


async def test_an_unforeseen_error_says_nothing_of_our_insides(client, raising, caplog):
    raising(ZeroDivisionError("password=hunter2 at /srv/app"))
    answer = await client.get("/raise")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "hunter2" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert answer.headers["x-correlation-id"] in answer.json()["remedy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True]


async def test_half_an_answer_is_cut_not_completed(api, serve, client):
    async def half():
        yield b"x" * 10
        raise ZeroDivisionError

    api.add_api_route("/half", lambda: StreamingResponse(half(), headers={"content-length": "20"}))
    async with httpx.AsyncClient(base_url=serve(api)) as real:
        with pytest.raises(httpx.RemoteProtocolError):
            await real.get("/half")
    with pytest.raises(ZeroDivisionError):  # the server is told, in whatever way it cuts
        await client.get("/half")


def test_the_title_is_the_first_sentence_even_of_an_inherited_docstring():
    assert title_of(NotFound) == "There is no such thing."
    assert title_of(NoDocument) == "There is no such thing."


async def test_openapi_promises_problems_and_nothing_else_for_errors(client, cuts):
    document = (await client.get("/openapi.json")).json()
    answers = document["paths"]["/cuts"]["post"]["responses"]
    assert set(answers) == {"200", "400", "403", "408", "409", "413", "422", "500", "503"}
    for status in set(answers) - {"200"}:
        assert list(answers[status]["content"]) == ["application/problem+json"]
    assert set(document["components"]["schemas"]) == {"Cut", "Problem", "FieldProblem"}
    assert set(document["components"]["schemas"]["Problem"]["properties"]) >= KEYS
