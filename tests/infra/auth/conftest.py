"""An application with the auth routes, a clock that a test moves, and browsers that keep cookies."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import Depends

from ruach_studio.infra.auth import routes
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import public, require
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.http.application import new_api
from ruach_studio.infra.http.platform import Platform
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore

PASSWORD = "correct horse battery"


class MovedClock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.moment = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def now(self):
        return self.moment

    def move(self, **by):
        self.moment += timedelta(**by)


@pytest.fixture(autouse=True)
def correlation_id():
    """What the shell binds around any work; a request draws its own."""
    with bind(correlation_id=new_id()) as ids:
        yield ids.correlation_id


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
def make_api(database, clock, tmp_path):
    def make(**settings):
        store = LocalDiskStore(tmp_path / "store", "http://studio.test")
        api = new_api(Platform(database, load_settings(public_url="http://studio.test", **settings), store, clock))
        api.add_routes(routes.router())

        @api.post("/operate")
        async def operate(who: Annotated[Principal, Depends(require("operator", scope="render:write"))]) -> str:
            return who.actor

        @api.get("/learn")
        async def learn(who: Annotated[Principal, Depends(require("member"))]) -> str:
            return who.actor

        @api.get("/open", dependencies=[Depends(public())])
        async def everyone() -> str:
            return "all"

        return api

    return make


@pytest.fixture
def api(make_api):
    return make_api()


@pytest.fixture
async def people(database, clock):
    """Three accounts, one per role; email `<role>@studio.test`."""
    async with database.transaction() as tx:
        return {
            role: await create_account(tx, f"{role}@studio.test", PASSWORD, [role], at=clock.now())
            for role in ("operator", "admin", "member")
        }


@pytest.fixture
async def browser(api, people):
    """Give a client per name; `await browser("admin")` is signed in, `await browser(None)` is not."""
    clients = []

    async def make(role, app=api, base_url="http://studio.test"):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)
        clients.append(client)
        if role:
            answer = await sign_in(client, f"{role}@studio.test")
            assert answer.status_code == 200, answer.text
        return client

    yield make
    for client in clients:
        await client.aclose()


async def sign_in(client, email, password=PASSWORD):
    return await client.post("/auth/login", json={"email": email, "password": password})


@pytest.fixture
def login():
    return sign_in
