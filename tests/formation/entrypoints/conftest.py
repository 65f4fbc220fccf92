"""The whole application on a test's services, and signed-in callers."""

import httpx
import pytest

from ruach_studio.app.api import create_api
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import bind, new_id

PASSWORD = "correct horse battery"


@pytest.fixture
def api(services):
    return create_api(services, at_once=False)


@pytest.fixture
async def caller(api, database):
    """Return a client signed in as a new account with the given roles; `.account_id` names it. No role: nobody."""
    clients = []

    async def make(*roles, name=None):
        transport = httpx.ASGITransport(app=api, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://studio.test")
        clients.append(client)
        if roles:
            email = f"{name or '-'.join(roles)}@example.org"
            with bind(correlation_id=new_id()):
                async with database.transaction() as tx:
                    account = await create_account(tx, email, PASSWORD, roles)
            answer = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            client.account_id = account.account_id
        return client

    yield make
    for client in clients:
        await client.aclose()
