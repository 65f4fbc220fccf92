"""Turn POSTed xAPI statements into a dictionary by id, over real HTTP: a learning record store to test against.

It keeps the rules that a sender can trip over: the version header, basic auth, a batch that is taken wholly or not at all, a
stored statement that never changes. And it fails on demand: see the attributes of `RecordStore`.
"""

import asyncio
import base64
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

Statement = dict[str, Any]
USER, PASSWORD = "ruach", "lrs-password"
VERSION = "X-Experience-API-Version"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IRI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,}Z")


class CutOff(Response):
    """An answer that promises more than it sends: the connection breaks in the middle, as when a store dies."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and end; the server then closes the line."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99")]})


@dataclass
class RecordStore:
    """What was stored and asked, and how to fail.

    `statuses`: answered in turn before anything is stored. `die_after`: store so many of the next batch, then break off.
    `refuses`: a status for a statement that this store will not have. `repeats`: how it answers a stored id. `hold`: if set
    to an event, answers wait for it after storing; `held` is set while one waits.
    """

    stored: dict[str, Statement] = field(default_factory=dict)
    batches: list[list[str]] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    die_after: int | None = None
    refuses: Callable[[Statement], int | None] = lambda _: None
    repeats: Literal["accept", "conflict"] = "accept"
    speaks: list[str] = field(default_factory=lambda: ["1.0.3", "2.0.0"])
    hold: asyncio.Event | None = None
    held: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def full(self, count: int) -> None:
        """Return once so many statements are stored."""
        while len(self.stored) < count:
            self.news.clear()
            await self.news.wait()

    def app(self) -> Starlette:
        """Return the ASGI application, its endpoint at /xapi."""
        return Starlette(routes=[
            Route("/xapi/about", self.about), Route("/xapi/statements", self.post, methods=["POST"]),
            Route("/xapi/statements", self.get, methods=["GET"]),
        ])  # fmt: skip

    async def about(self, _request: Request) -> Response:
        """Answer which versions are spoken."""
        return JSONResponse({"version": self.speaks})

    async def get(self, request: Request) -> Response:
        """Answer one statement."""
        found = self.stored.get(request.query_params["statementId"])
        return PlainTextResponse("none", 404) if found is None else JSONResponse({**found, "authority": {}, "stored": "now"})

    async def post(self, request: Request) -> Response:
        """Store a batch wholly or not at all."""
        if self.statuses:
            return PlainTextResponse("on demand", self.statuses.pop(0), {"location": "/xapi/about"})
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {token}":
            return PlainTextResponse("who are you?", 401)
        if request.headers.get(VERSION) not in self.speaks:
            return PlainTextResponse("version", 400)
        batch: list[Statement] = await request.json()
        self.batches.append([each["id"] for each in batch])
        for each in batch:
            if (wrong := fault(each)) is not None:
                return PlainTextResponse(wrong, 400)
            if (status := self.refuses(each)) is not None:
                return PlainTextResponse(f"statement {each['id']} is refused", status)
            known = self.stored.get(each["id"])
            if known is not None and known != each:
                self.conflicts.append(each["id"])
                return PlainTextResponse("another statement has this id", 409)
            if known is not None and self.repeats == "conflict":
                return PlainTextResponse("this id is taken", 409)
        return await self._keep(batch)

    async def _keep(self, batch: list[Statement]) -> Response:
        cut, self.die_after = self.die_after, None
        news = [each for each in batch if each["id"] not in self.stored]
        self.stored |= {each["id"]: each for each in (batch if cut is None else batch[:cut])}
        self.news.set()
        if cut is not None:
            return CutOff()
        if self.hold is not None:
            self.held.set()
            await self.hold.wait()
        headers = {VERSION: self.speaks[0]}
        return (
            JSONResponse([each["id"] for each in batch], headers=headers)
            if news
            else Response(status_code=204, headers=headers)
        )


def fault(statement: Mapping[str, Any]) -> str | None:
    """Return what the specification would refuse in a statement, or None."""
    account, thing, context = statement["actor"]["account"], statement["object"], statement["context"]
    is_reference = thing["objectType"] == "StatementRef"
    activities = [each for group in context["contextActivities"].values() for each in group]
    iris = [statement["verb"]["id"], *(each["id"] for each in activities), *context["extensions"]]
    iris += [] if is_reference else [thing["id"]]
    ids = [statement["id"], context["registration"], *([thing["id"]] if is_reference else [])]
    scaled = statement.get("result", {}).get("score", {}).get("scaled", 0)
    unknown = set(statement) - {"id", "actor", "verb", "object", "result", "context", "timestamp"}
    for holds, words in (
        (not unknown, f"unknown {sorted(unknown)}"),
        (all(_UUID.fullmatch(each) for each in ids), "an id is no UUID"),
        (all(_IRI.fullmatch(each) for each in iris), "an id is no IRI"),
        (set(account) == {"homePage", "name"} and bool(account["name"]), "the actor is no account"),
        (-1 <= scaled <= 1, "scaled is out of range"),
        (_TIME.fullmatch(statement["timestamp"]) is not None, "timestamp"),
    ):
        if not holds:
            return words
    return None


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def serving(store: RecordStore) -> AsyncIterator[str]:
    """Serve the store on a free port of the loopback; give its endpoint."""
    server = _Server(uvicorn.Config(store.app(), port=0, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    await server.ready.wait()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/xapi"
    finally:
        server.should_exit = True
        await task
