"""The Bull Board sidecar shows our queues and changes nothing. Skipped where its packages are not installed."""

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import BullmqRedis
from ruach_studio.infra.queues.dispatcher import Dispatcher
from ruach_studio.infra.redis_link import RedisLink
from ruach_studio.testing.redis_server import redis_server, valkey_program

FOLDER = Path(__file__).parents[2] / "bull-board"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None or not (FOLDER / "node_modules").is_dir(), reason="npm ci in bull-board was not run"),
]


@contextmanager
def serving(**settings):
    """Run the sidecar; give its address."""
    env = {"BULL_BOARD_PORT": "0", "RUACH_PUBLIC_URL": "http://studio.test", "PATH": str(Path(NODE).parent), **settings}
    with subprocess.Popen([NODE, "server.mjs"], cwd=FOLDER, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline()
            assert said.startswith("bull-board: http://127.0.0.1:"), said
            yield said.split()[1]
        finally:
            process.terminate()


@pytest.fixture
def board(database):
    with serving(RUACH_DATABASE_URL=database.dsn) as address:
        yield address


async def test_a_job_is_shown_with_its_ids_and_story_and_cannot_be_changed(database, services, board):
    with bind(correlation_id=new_id(), automation_id=new_id()) as ids:
        async with database.transaction() as tx:
            job_id = await services.queue.add(tx, "render-jobs", "render", {"sessionId": "talk-1"})
    async with httpx.AsyncClient(base_url=board, timeout=20) as client:
        shown = await client.get("/api/queues", params={"activeQueue": "render-jobs", "status": "latest"})
        assert shown.status_code == 200, shown.text
        queues = {each["name"]: each for each in shown.json()["queues"]}
        assert {"assembly-jobs", "render-jobs", "render-jobs-dlq", "formation-state"} <= set(queues)
        assert all(each["readOnlyMode"] for each in queues.values())
        (job,) = queues["render-jobs"]["jobs"]
        assert (job["id"], job["data"]["correlationId"]) == (job_id, ids.correlation_id)
        assert job["externalUrl"]["href"] == f"http://studio.test/studio/ops/story/{job_id}"
        for method, path in (
            ("PUT", f"/api/queues/render-jobs/{job_id}/retry"), ("PUT", "/api/queues/render-jobs/pause"),
            ("PUT", f"/api/queues/render-jobs/{job_id}/clean"), ("POST", "/api/queues/render-jobs/add"),
        ):  # fmt: skip
            assert (await client.request(method, path)).status_code == 405, path
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 421
    assert (await services.queue.counts("render-jobs")).waiting == 1


@pytest.mark.skipif(valkey_program() is None, reason="the Valkey wheel is not installed")
async def test_on_redis_it_shows_the_queues_of_the_services_prefix(database, tmp_path):
    with redis_server(valkey_program(), tmp_path) as redis:
        link = RedisLink(redis.url, prefix="studio")
        queue = BullmqRedis(database, link)
        with bind(correlation_id=new_id()):
            async with database.transaction() as tx:
                job_id = await queue.add(tx, "render-jobs", "render", {"sessionId": "talk-1"})
        assert await Dispatcher(database, link).drain() == 1
        settings = {"RUACH_QUEUE_BACKEND": "redis", "RUACH_REDIS_URL": redis.url, "RUACH_REDIS_PREFIX": "studio"}
        with serving(**settings) as address:
            async with httpx.AsyncClient(base_url=address, timeout=20) as client:
                shown = await client.get("/api/queues", params={"activeQueue": "render-jobs", "status": "latest"})
            queues = {each["name"]: each for each in shown.json()["queues"]}
            (job,) = queues["render-jobs"]["jobs"]
            assert (job["id"], job["externalUrl"]["href"]) == (job_id, f"http://studio.test/studio/ops/story/{job_id}")
        await link.close()
