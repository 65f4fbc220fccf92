"""Ready means that what is needed answers; degraded is not down; a slow check is down in two seconds."""

import asyncio

import pytest

from ruach_studio.infra.http import health
from ruach_studio.infra.http.health import Health


async def ok():
    return None


async def degraded():
    return Health("degraded", "no cache")


async def down():
    return Health("down", "wrong schema")


async def broken():
    raise ConnectionError("postgresql://user:hunter2@db")


async def endless():
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("checks", "status", "word"),
    [
        ({}, 200, "ok"),
        ({"a": ok}, 200, "ok"),
        ({"a": ok, "b": degraded}, 200, "degraded"),
        ({"a": degraded, "b": down}, 503, "down"),
        ({"a": ok, "b": broken}, 503, "down"),
        ({"a": ok, "b": endless}, 503, "down"),
    ],
)
async def test_the_worst_check_decides(client, api, monkeypatch, checks, status, word):
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 0.05)
    api.add_routes(health.router(checks))
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (status, word)
    assert set(answer.json()["checks"]) == set(checks)
    assert "hunter2" not in answer.text


async def test_the_process_answers_even_when_nothing_else_does(client, api):
    api.add_routes(health.router({"a": down}))
    assert (await client.get("/healthz")).json() == {"status": "ok"}
