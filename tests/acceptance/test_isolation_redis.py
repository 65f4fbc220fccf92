"""The row "Redis outage" of the table "Isolation Boundaries": the queues are on Redis, and Redis is really killed.

Each cell degrades as the table says; nothing that was asked meanwhile is lost, and what Redis lost is done once it is back.
"""

import json
from collections.abc import Iterator

import httpx
import pytest

from ruach_studio.testing.redis_server import RedisServer, redis_program, redis_server, valkey_program
from ruach_studio.testing.service import wait

from .studio import MEMBER, Studio, running_studio

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("isolation-redis"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Redis 7 where the machine has it, else Valkey from its wheel."""
    program = redis_program() or valkey_program()
    if program is None:
        pytest.skip("neither redis-server nor the Valkey wheel is installed")
    with redis_server(program, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def studio(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """All four processes up with their queues on Redis, one session published, one member on the sample path."""
    settings = {"RUACH_QUEUE_BACKEND": "redis", "RUACH_REDIS_URL": redis.url, "RUACH_NEXT_STEP_DEADLINE_MS": "8000"}
    with running_studio(tmp_path_factory.mktemp("isolation"), settings) as made:
        yield made


def readiness(address: str) -> tuple[int, str]:
    """Return status and word of /readyz."""
    answer = httpx.get(f"{address}/readyz", timeout=20)
    return answer.status_code, answer.json()["status"]


def ready(studio: Studio, wanted: tuple[int, str]) -> bool:
    """Say whether all three APIs are as wanted."""
    apart = studio.apart
    return all(readiness(each.address) == wanted for each in (apart.assembly, apart.render, apart.formation))


def test_redis_outage(studio: Studio, redis: RedisServer) -> None:
    apart, locked = studio.apart, studio.locked[0]
    exported = studio.client("assembly").get(f"/sessions/{locked}/edl/export/json").content
    (apart.folder / "manual.edl.json").write_bytes(exported)
    wait(lambda: ready(studio, (200, "ok")), 30, "not ready before the outage")
    redis.kill()
    try:
        wait(lambda: ready(studio, (200, "degraded")), 30, "an outage that /readyz does not show")
        sync = ask_for_sync(studio)
        jobs = ask_for_films(studio, locked)
        sync_works_without_the_queue(studio)
        manual_render_is_possible(studio)
        members_walk_on(studio)
    finally:
        redis.start()
    wait(lambda: ready(studio, (200, "ok")), 30, "Redis is back and /readyz does not show it")
    assembly = studio.client("assembly")
    wait(lambda: assembly.get(f"/sessions/{sync}").json()["state"] == "needs-review", 120, "the sync is lost")
    assert len({studio.finished(job) for job in jobs}) == 3
    listed = studio.client("render").get(f"/render-jobs/session/{locked}").json()
    completed = sorted(job["format"] for job in listed if job["status"] == "completed")
    assert completed == ["clip_1_1", "full_16_9", "short_9_16", "thumbnail"], "each once, the one of before the outage too"


def ask_for_sync(studio: Studio) -> str:
    """Assembly degrades: the request is taken and waits. Return the session."""
    client = studio.client("assembly")
    session = client.post("/sessions", json={"title": "While Redis is away"}).json()["sessionId"]
    for camera in studio.talk.cameras:
        paths = [str(path) for path in studio.talk.files[camera.camera_id]]
        body = {"cameraId": camera.camera_id, "role": camera.role, "paths": paths}
        assert client.post(f"/sessions/{session}/assets", json=body).status_code == 201
    answer = client.post(f"/sessions/{session}/sync")
    assert (answer.status_code, answer.json()["dispatch"]) == (202, "pending"), answer.text
    return session


def ask_for_films(studio: Studio, session: str) -> list[str]:
    """Render degrades: the same. Return the new jobs, which are those of a second request as well."""
    client = studio.client("render")
    answers = [client.post(f"/render-jobs/render-all/{session}") for _ in range(2)]
    assert [(a.status_code, a.json()["dispatch"]) for a in answers] == [(202, "pending")] * 2, answers[0].text
    first, again = ({job["renderJobId"]: job["status"] for job in a.json()["jobs"]} for a in answers)
    assert first == again
    assert sorted(first.values()) == ["completed", "queued", "queued", "queued"]
    return [job for job, status in first.items() if status == "queued"]


def sync_works_without_the_queue(studio: Studio) -> None:
    """Assembly's cell: "Sync still works", in the foreground."""
    shown = json.loads(studio.apart.assembly.ruach("sync", *studio.talk.camera_arguments(), "--json"))
    found = {each["camera"]: each for each in shown["placements"]}
    for camera in studio.talk.cameras:
        assert found[camera.camera_id]["offsetMs"] == pytest.approx(camera.offset_s * 1000, abs=5)


def manual_render_is_possible(studio: Studio) -> None:
    """Render's cell: "Manual render possible"."""
    folder = studio.apart.folder
    words = ("render", str(folder / "manual.edl.json"), "--format", "thumbnail", "--out", str(folder / "manual"), "--json")
    (film,) = json.loads(studio.apart.render.ruach(*words))
    assert film["format"] == "thumbnail"


def members_walk_on(studio: Studio) -> None:
    """Formation's cell: "Falls back to DB queries": steps are the member's own, what they do is kept, films play."""
    studio.check_formation()
    member = studio.client("formation", MEMBER)
    first = member.get("/formation-engine/next-step").json()["steps"][0]
    assert first["title"]
    answer = member.get("/formation-engine/search", params={"q": first["title"]})
    assert answer.status_code == 200, answer.text
