"""The Bull Board sidecar shows our queues and changes nothing. Skipped where its packages are not installed."""

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from ruach_studio.infra.context import bind, new_id

FOLDER = Path(__file__).parents[2] / "bull-board"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None or not (FOLDER / "node_modules").is_dir(), reason="npm ci in bull-board was not run"),
]


@pytest.fixture
def board(database):
    settings = {
        "RUACH_DATABASE_URL": database.dsn, "BULL_BOARD_PORT": "0", "RUACH_PUBLIC_URL": "http://studio.test",
        "PATH": str(Path(NODE).parent),
    }  # fmt: skip
    with subprocess.Popen([NODE, "server.mjs"], cwd=FOLDER, env=settings, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline()
            assert said.startswith("bull-board: http://127.0.0.1:"), said
            yield said.split()[1]
        finally:
            process.terminate()


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
        assert job["externalUrl"]["href"] == f"http://studio.test/ops/trace/{job_id}"
        for method, path in (
            ("PUT", f"/api/queues/render-jobs/{job_id}/retry"), ("PUT", "/api/queues/render-jobs/pause"),
            ("PUT", f"/api/queues/render-jobs/{job_id}/clean"), ("POST", "/api/queues/render-jobs/add"),
        ):  # fmt: skip
            assert (await client.request(method, path)).status_code == 405, path
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 421
    assert (await services.queue.counts("render-jobs")).waiting == 1
