"""The whole application on a real database, and callers in each role."""

import httpx
import pytest

from ruach_studio.app.api import create_api
from ruach_studio.app.wiring import Services
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore

PASSWORD = "correct horse battery"
ADDRESS = "http://studio.test"


@pytest.fixture
def services(database, tmp_path):
    settings = load_settings(data_dir=tmp_path / "data", public_url=ADDRESS, media_roots=[tmp_path])
    store = LocalDiskStore(settings.store_dir, settings.public_url)
    return Services(settings, database, BullmqPostgres(database), store, SystemClock())


@pytest.fixture
def api(services):
    return create_api(services, at_once=False)


@pytest.fixture
async def caller(api, database):
    """Return a client of the application, signed in with the given roles; no role: nobody."""
    clients = []

    async def make(*roles):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=api, raise_app_exceptions=False), base_url=ADDRESS)
        clients.append(client)
        if roles:
            email = f"{'-'.join(roles)}@example.org"
            with bind(correlation_id=new_id()):
                async with database.transaction() as tx:
                    await create_account(tx, email, PASSWORD, roles)
            answer = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
        return client

    yield make
    for client in clients:
        await client.aclose()
