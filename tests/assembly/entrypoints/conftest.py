"""An application with this pillar's routes on a real database, clients of every role, and a worker on demand."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from ruach_studio.assembly.entrypoints import http, jobs
from ruach_studio.assembly.store import edls, syncs
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.create_session import create_session
from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.auth.service_tokens import issue_service_token
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.http.application import new_api
from ruach_studio.infra.http.platform import Platform
from ruach_studio.infra.queues import QUEUES, BullmqPostgres, Worker
from ruach_studio.infra.settings import Settings, load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.kernel.clock import Clock

SHORT = tuple(replace(policy, ladder_s=(0.1,), stalled_check_s=1.0) for policy in QUEUES)


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    queue: BullmqPostgres
    clock: Clock


@pytest.fixture
def services(database, footage, tmp_path):
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "scratch").symlink_to(footage.folder / "scratch")  # the same three files: listened to once
    settings = load_settings(data_dir=data_dir, media_roots=[footage.folder], public_url="http://studio.test")
    return Services(settings, database, BullmqPostgres(database, policies=SHORT), SystemClock())


@pytest.fixture
def app(services, tmp_path):
    store = LocalDiskStore(tmp_path / "store", "http://studio.test")
    api = new_api(Platform(services.database, services.settings, store, services.clock))
    api.add_routes(http.router(services))
    return api


@pytest.fixture
def client_as(app, services):
    """`async with client_as("operator") as client:` sends a service token of that role; None sends nothing."""

    @asynccontextmanager
    async def opened(role, scopes=("assembly:read", "assembly:write")):
        headers = {}
        if role is not None:
            secret = await _secret(services, role, scopes)
            headers["Authorization"] = f"Bearer {secret}"
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://studio.test", headers=headers
        ) as client:
            yield client

    return opened


@pytest.fixture
async def client(client_as):
    async with client_as("operator") as opened:
        yield opened


@pytest.fixture
def working(services):
    """`async with working():` runs a worker on this pillar's queues until the block ends."""

    @asynccontextmanager
    async def serving():
        stop = asyncio.Event()
        worker = Worker(services.database, services.queue, jobs.handlers(services), hooks=jobs.hooks(services))
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    return serving


async def _secret(services, role, scopes):
    with bind(correlation_id=new_id()):
        async with services.database.transaction() as tx:
            owner = await ensure_local_operator(tx)
            issued = await issue_service_token(tx, name=role, roles=[role], scopes=scopes, created_by=owner)
    return issued.secret


@pytest.fixture
async def saved(services, make_edl):
    """Session s1 with an approved sync and a draft EDL."""
    edl = make_edl(fps="25", audio=True)
    with bind(correlation_id=new_id()):
        await create_session(services, actor="session:tester", session_id="s1", title="A talk")
        async with services.database.transaction() as tx:
            now = services.clock.now()
            await syncs.insert(
                tx, "s1", SyncSolution("A", ()), parent=None, origin="computed", actor="session:tester", notes="", at=now
            )
            await edls.insert(tx, edl, author="session:tester", at=now)
    return edl
