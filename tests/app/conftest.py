"""The whole application on a real database, and callers in each role."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import av
import httpx
import numpy as np
import pytest

from ruach_studio.app.api import create_api
from ruach_studio.app.pillars import consumers, handlers, hooks
from ruach_studio.app.wiring import Services
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.outbox import Relay
from ruach_studio.infra.queues import QUEUES, BullmqPostgres, Worker, get_execution
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


SHORT = tuple(replace(policy, ladder_s=(0.1,), stalled_check_s=1.0) for policy in QUEUES)


@pytest.fixture
def at_work(services):
    """`async with at_work("render"):` runs jobs and events of that pillar alone, as a process with --pillars does."""

    def served(pillar):
        settings = load_settings(
            data_dir=services.settings.data_dir, media_roots=services.settings.media_roots,
            public_url=services.settings.public_url, pillars=pillar,
        )  # fmt: skip
        store = LocalDiskStore(settings.store_dir, settings.public_url)
        return Services(settings, services.database, BullmqPostgres(services.database, policies=SHORT), store, SystemClock())

    @asynccontextmanager
    async def working(*pillars):
        stop, tasks = asyncio.Event(), []
        for alone in map(served, pillars):
            worker = Worker(alone.database, alone.queue, handlers(alone), hooks=hooks(alone), grace_s=1.0)
            tasks += [worker.run(stop), Relay(alone.database, consumers(alone)).run(stop)]
        running = [asyncio.create_task(each) for each in tasks]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*running)

    return working


def film(path):
    """Write a second of 64x36 at 25 fps with sound."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("mpeg4", rate=25, width=64, height=36, pix_fmt="yuv420p")
        audio = out.add_stream("aac", rate=16_000, layout="mono")
        for k in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((36, 64, 3), 10 * k, np.uint8), format="rgb24")
            frame.pts = k
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        sound = (0.1 * np.sin(np.arange(16_000) / 5)).astype(np.float32)
        for first in range(0, sound.size, 1024):
            block = av.AudioFrame.from_ndarray(sound[None, first : first + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts = 16_000, first
            out.mux(audio.encode(block))
        out.mux(audio.encode(None))


@dataclass(frozen=True)
class Derivatives:
    """The derivatives of session `talk`, which has the cameras A and B, as an operator sees them."""

    client: httpx.AsyncClient
    services: Services
    path: str = "/sessions/talk/derivatives"

    async def ask(self, **wish):
        return (await self.client.post(self.path, json=wish)).json()

    async def ask_for_peaks(self):
        (one,) = await self.ask(cameraId="A", kinds=["peaks"])
        return one

    async def listed(self):
        """Return what was ever asked for."""
        return [each for each in (await self.client.get(self.path)).json() if each["jobId"]]

    async def until(self, holds, deadline_s=60.0):
        """Return what was ever asked for once `holds(states)` is true."""
        async with asyncio.timeout(deadline_s):
            while not holds([each["state"] for each in await self.listed()]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return await self.listed()

    async def settled(self):
        """Return what was ever asked for once nothing waits or runs."""
        return await self.until(lambda states: not {*states} & {"queued", "running"})

    async def jobs(self):
        return [(job["jobId"], job["state"]) for job in (await self.client.get("/sessions/talk/jobs")).json()]

    async def run(self, job_id, *states, deadline_s=60.0):
        """Return the job's execution once it is in one of `states`; None without states if there is none."""
        async with asyncio.timeout(deadline_s):
            while True:
                async with self.services.database.connection() as conn:
                    found = await get_execution(conn, job_id)
                if not states or (found is not None and found.state in states):
                    return found
                await asyncio.sleep(0.05)

    async def relay(self, pillar=""):
        """Bring the events that wait to the consumers of a pillar, or to all."""
        relay = Relay(self.services.database, [c for c in consumers(self.services) if c.name.startswith(pillar)])
        while await relay.drain():
            pass

    def files(self):
        return [path.name for path in (self.services.settings.data_dir / "derivatives").rglob("*") if path.is_file()]


@pytest.fixture
async def derivatives(caller, services, tmp_path):
    client = await caller("operator")
    await client.post("/sessions", json={"sessionId": "talk"})
    for name in "AB":
        film(tmp_path / f"{name}.mp4")
        added = await client.post("/sessions/talk/assets", json={"cameraId": name, "paths": [f"{name}.mp4"]})
        assert added.status_code in (200, 201), added.text
    return Derivatives(client, services)
