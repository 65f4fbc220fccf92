"""A service whose Redis is away starts, takes work, says so, and is degraded, not down."""

import httpx
import pytest

from ruach_studio.app.api import create_api
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import BullmqPostgres, BullmqRedis
from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.entrypoints.schemas import BatchOut
from ruach_studio.testing.redis_server import redis_server, valkey_program

NOWHERE = "redis://:secret@127.0.0.1:1/0"


def settings(database_url, tmp_path, **more):
    return load_settings(data_dir=tmp_path, database_url=database_url, **more)


async def ready(services):
    api = httpx.AsyncClient(transport=httpx.ASGITransport(create_api(services, at_once=False)), base_url="http://testserver")
    async with api:
        answer = await api.get("/readyz")
    return answer.status_code, answer.json()


async def test_redis_away_is_degraded_and_work_is_taken(database_url, tmp_path):
    async with open_services(settings(database_url, tmp_path, queue_backend="redis", redis_url=NOWHERE)) as services:
        assert isinstance(services.queue, BullmqRedis)
        with bind(correlation_id=new_id()):
            async with services.database.transaction() as tx:
                await services.queue.add(tx, "render-jobs", "render", {})
        assert await services.queue.dispatch() == "pending"
        status, report = await ready(services)
    assert (status, report["status"]) == (200, "degraded")
    assert report["checks"]["redis"] == {"status": "degraded", "detail": "no answer; 1 jobs wait until it is back"}
    assert "secret" not in str(report)


async def paused(services):
    api = httpx.AsyncClient(transport=httpx.ASGITransport(create_api(services)), base_url="http://testserver")
    async with api:
        answer = await api.get("/metrics", headers={"authorization": "Bearer a-scraper-s-long-token"})
    assert "ruach_database_up 1.0" in answer.text
    lines = [line.split(" ") for line in answer.text.splitlines() if line.startswith("ruach_queue_paused{")]
    return {name.split('"')[1]: float(value) for name, value in lines}


async def test_the_metrics_read_a_pause_where_the_queues_are(database_url, tmp_path):
    more = {"queue_backend": "redis", "metrics_token": "a-scraper-s-long-token"}
    with redis_server(valkey_program(), tmp_path) as server:
        chosen = settings(database_url, tmp_path / "data", redis_url=server.url, **more)
        async with open_services(chosen) as services:
            await services.queue.pause("media-transcoding")
            found = await paused(services)
            await services.queue.resume("media-transcoding")
    assert found == {"media-transcoding": 1, "render-jobs": 0, "assembly-jobs": 0, "formation-state": 0}
    async with open_services(settings(database_url, tmp_path / "data", redis_url=NOWHERE, **more)) as services:
        assert await paused(services) == {}, "nobody knows: no number, rather than a wrong one"


async def test_redis_for_the_cache_alone_leaves_the_queues_where_they_are(database_url, tmp_path):
    async with open_services(settings(database_url, tmp_path, redis_url=NOWHERE)) as services:
        assert type(services.queue) is BullmqPostgres
        assert await services.queue.dispatch() == "queued"
        _status, report = await ready(services)
    assert report["checks"]["redis"] == {"status": "degraded", "detail": "no answer; the shared cache is skipped"}


async def test_a_redis_that_may_drop_jobs_is_refused_at_the_start(database_url, tmp_path):
    with redis_server(valkey_program(), tmp_path, "--maxmemory-policy", "volatile-lru") as server:
        chosen = settings(database_url, tmp_path / "data", queue_backend="redis", redis_url=server.url)
        with pytest.raises(BadInput, match=r"volatile-lru.*noeviction"):
            async with open_services(chosen):
                pass


def test_every_answer_that_enqueued_says_whether_the_job_waits(services):
    """202 and a job: whoever asked for it is told that it starts only when Redis is back."""
    schemas = create_api(services).openapi()
    without = []
    for path, methods in schemas["paths"].items():
        for method, route in methods.items():
            content = route["responses"].get("202", {}).get("content", {})
            if content:
                answer = content["application/json"]["schema"]
                name = answer.get("items", answer).get("$ref", "").rpartition("/")[2]
                if "dispatch" not in schemas["components"]["schemas"].get(name, {}).get("properties", {}):
                    without.append(f"{method} {path}")
    assert without == []


def test_an_answer_says_that_the_job_waits():
    fields = {"automation_id": "a", "session_id": "s", "edl_version": 1, "jobs": []}
    assert BatchOut(**fields).model_dump(by_alias=True)["dispatch"] == "queued"
    assert BatchOut(**fields, dispatch="pending").model_dump(by_alias=True)["dispatch"] == "pending"


@pytest.mark.parametrize(
    "wrong", ["http://cache:6379", "redis://", "redis://cache:99999", "redis://cache/jobs", "cache:6379"]
)
def test_what_is_no_address_of_a_redis_is_refused(wrong):
    with pytest.raises(BadInput, match="RUACH_REDIS_URL"):
        load_settings(redis_url=wrong)


def test_a_prefix_is_plain():
    with pytest.raises(BadInput, match="RUACH_REDIS_PREFIX"):
        load_settings(redis_prefix="a b")
