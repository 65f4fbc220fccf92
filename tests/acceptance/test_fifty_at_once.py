"""Fifty at once on a pool of ten: fifty event streams stay open, fifty callers ask beside them, and none is turned away."""

import asyncio
import time

import httpx
import pytest

from ruach_studio.testing.service import OPERATOR, PASSWORD, served
from ruach_studio.testing.talk import make_talk

pytestmark = [pytest.mark.xdist_group("fifty"), pytest.mark.slow, pytest.mark.timeout(600)]
AT_ONCE, ROUNDS, SLOWEST_S = 50, 6, 30.0
ASKED = ("/sessions", "/render-presets", "/auth/me", "/decisions?subject=none", "/ops/commands", "/healthz")


async def hears(client: httpx.AsyncClient, path: str, first: asyncio.Event, over: asyncio.Event) -> str:
    """Follow a stream; say whether an event came before all was over."""
    async with client.stream("GET", path) as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                first.set()
                await over.wait()
                return line
    return ""


async def ask(client: httpx.AsyncClient, path: str) -> tuple[str, float]:
    began = time.monotonic()
    answer = await client.get(path)
    return f"{answer.status_code} {path}", time.monotonic() - began


async def all_at_once(address: str, session: str, job: str) -> tuple[list[tuple[str, float]], list[str]]:
    """Open the streams, and while all of them are open let fifty ask, round after round."""
    # no line is used twice: the server ends an idle one after 5 s, perhaps in the moment of the next request
    limits = httpx.Limits(max_connections=3 * AT_ONCE, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        (await client.post("/auth/login", json={"email": OPERATOR, "password": PASSWORD})).raise_for_status()
        over, firsts = asyncio.Event(), [asyncio.Event() for _ in range(AT_ONCE)]
        path = f"/sessions/{session}/jobs/{job}/progress"
        streams = [asyncio.create_task(hears(client, path, first, over)) for first in firsts]
        await asyncio.wait_for(asyncio.gather(*(first.wait() for first in firsts)), 120)
        answers = []
        for _ in range(ROUNDS):
            answers += await asyncio.gather(*(ask(client, ASKED[n % len(ASKED)]) for n in range(AT_ONCE)))
        over.set()
        return answers, await asyncio.gather(*streams)


def test_nobody_is_turned_away(tmp_path, capsys) -> None:
    talk = make_talk(tmp_path / "footage", seconds=9, size=(320, 180))
    with served(tmp_path, {"RUACH_DATABASE_POOL_SIZE": "10"}) as service:
        operator = service.sign_in(OPERATOR)
        session = operator.post("/sessions", json={"title": "fifty"}).json()["sessionId"]
        for camera in talk.cameras:
            body = {"cameraId": camera.camera_id, "paths": [str(path) for path in talk.files[camera.camera_id]]}
            operator.post(f"/sessions/{session}/assets", json=body).raise_for_status()
        job = operator.post(f"/sessions/{session}/sync").json()["jobId"]
        answers, heard = asyncio.run(all_at_once(service.address, session, job))
    slow = sorted(seconds for _, seconds in answers)
    with capsys.disabled():
        print(f"\n{len(answers)} requests, {AT_ONCE} at a time, {len(heard)} streams open, pool 10: median"
              f" {slow[len(slow) // 2] * 1000:.0f} ms, slowest {slow[-1] * 1000:.0f} ms")  # fmt: skip
    assert {told for told, _ in answers} == {f"200 {path}" for path in ASKED}
    assert all(line.startswith("data:") for line in heard)
    assert slow[-1] < SLOWEST_S
    log = service.log.read_text()
    assert "QueuePool" not in log
    assert '"code": "database_unavailable"' not in log
