"""GET /metrics: the numbers are those of the tables, for those who may, also while the database is away."""

import asyncio
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from ruach_studio.app.api import create_api
from ruach_studio.app.wiring import Services
from ruach_studio.events.ops import BackpressureWarning
from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.auth.service_tokens import issue_service_token
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.queues.store import dead_letters
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.taps import JobEnded, tell_job
from ruach_studio.render.store import tables

TOKEN = "a-scraper-s-long-token"
SCRAPER = {"authorization": f"Bearer {TOKEN}"}


def with_token(database, tmp_path):
    settings = load_settings(data_dir=tmp_path / "data", public_url="http://studio.test", metrics_token=TOKEN)
    store = LocalDiskStore(settings.store_dir, settings.public_url)
    return create_api(Services(settings, database, BullmqPostgres(database), store, SystemClock()), at_once=False)


def client_of(api):
    transport = httpx.ASGITransport(app=api, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://studio.test")


@pytest.fixture
async def scraper(database, tmp_path):
    async with client_of(with_token(database, tmp_path)) as client:
        yield client


def numbers(answer):
    assert answer.status_code == 200, answer.text
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def test_queues_dead_letters_and_lag_are_counted(database, services, scraper):
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            for delay_s in (0.0, 0.0, 60.0):
                await services.queue.add(tx, "render-jobs", "render", {"n": 1}, delay_s=delay_s)
            await dead_letters.bury(
                tx, kind="job", queue="formation-state", name="x", source_id="1", payload={}, automation_id=None,
                correlation_id=new_id(), error={}, attempts=[],
            )  # fmt: skip
            await publish(tx, BackpressureWarning("render-jobs", 51, "normal"))
            await tx.execute(sa.text("INSERT INTO platform.consumer (name) VALUES ('formation.x')"))
            await tx.execute(
                sa.text("INSERT INTO platform.queue_pressure (queue, level) VALUES ('render-jobs', 'degraded')")
            )
            await tx.execute(sa.text("UPDATE platform.execution SET run_at = run_at - interval '40 s', attempt = 3"))
    await services.queue.pause("media-transcoding")
    found = numbers(await scraper.get("/metrics", headers=SCRAPER))
    assert found["ruach_database_up"] == 1
    states = {
        each: found[f'ruach_queue_jobs{{queue="render-jobs",state="{each}"}}'] for each in ("waiting", "delayed", "active")
    }
    assert states == {"waiting": 2, "delayed": 1, "active": 0}
    assert found['ruach_queue_depth{queue="render-jobs"}'] == 3
    assert 40 <= found['ruach_queue_oldest_seconds{queue="render-jobs"}'] < 60
    assert found['ruach_queue_oldest_seconds{queue="assembly-jobs"}'] == 0
    assert found['ruach_queue_attempt_max{queue="render-jobs"}'] == 3
    paused = {queue: found[f'ruach_queue_paused{{queue="{queue}"}}'] for queue in ("render-jobs", "media-transcoding")}
    assert paused == {"render-jobs": 0, "media-transcoding": 1}
    assert found['ruach_dead_letters{kind="job",queue="formation-state"}'] == 1
    assert found['ruach_outbox_lag_events{consumer="formation.x"}'] == 2  # the warning, and that something died
    assert found['ruach_backpressure_level{queue="render-jobs"}'] == 2
    assert found["process_cpu_seconds_total"] > 0


async def test_render_speed_is_the_median_of_what_was_published_lately(database, scraper):
    insert_job = sa.insert(tables.RENDER_JOB)
    insert_file = sa.insert(tables.ARTIFACT)
    now = SystemClock().now()
    async with database.transaction() as tx:
        for took, at in ((30.0, now), (60.0, now), (20.0, now), (1.0, now - timedelta(days=2))):
            what = {"render_job_id": new_id(), "session_id": new_id(), "format": "full_16_9", "edl_version": 1}
            asked = {"requested_by": "x", "reason": "", "notes": [], "created_at": at, "updated_at": at, "critical": False}
            ran = {"automation_id": new_id(), "state": "completed", "attempt": 1, "started_at": at}
            locked = {"session_id": what["session_id"], "version": 1, "wire": {}, "locked_by": "x", "received_at": at}
            await tx.execute(sa.insert(tables.LOCKED_EDL).values(**locked))
            await tx.execute(insert_job.values(**what, **asked, **ran, finished_at=at + timedelta(seconds=took)))
            file = {"key": new_id(), "url": "u", "content_type": "video/mp4", "size_bytes": 1, "sha256": "0" * 64}
            await tx.execute(insert_file.values(**what, **file, duration_ms=60_000, frames=1800, stored_at=at))
    found = numbers(await scraper.get("/metrics", headers=SCRAPER))
    assert found['ruach_render_speed_x_realtime{format="full_16_9"}'] == 2.0


async def test_requests_are_counted_by_template_and_an_unknown_path_by_none(scraper):
    await scraper.get(f"/render-jobs/{new_id()}", headers=SCRAPER)
    for number in range(3):
        await scraper.get(f"/no/such/{number}")
    found = numbers(await scraper.get("/metrics", headers=SCRAPER))
    counts = {key: value for key, value in found.items() if key.startswith("ruach_http_answer_seconds_count")}
    template = 'ruach_http_answer_seconds_count{method="GET",route="/render-jobs/{job_id}",status="401"}'
    assert counts == {template: 1, 'ruach_http_answer_seconds_count{method="GET",route="(none)",status="404"}': 3}


async def test_a_job_that_ends_in_this_process_is_counted(scraper):
    tell_job(JobEnded("render-jobs", "render", "completed", 7.0))
    found = numbers(await scraper.get("/metrics", headers=SCRAPER))
    labels = 'job="render",outcome="completed",queue="render-jobs"'
    assert found[f"ruach_job_run_seconds_sum{{{labels}}}"] == 7.0
    assert found['ruach_job_run_seconds_bucket{job="render",le="5.0",outcome="completed",queue="render-jobs"}'] == 0


async def test_many_scrapes_at_once_ask_the_database_once(database, services, scraper):
    asked = 0

    def count(_conn, _cursor, statement, *_):
        nonlocal asked
        asked += "platform.execution" in statement

    sa.event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    answers = await asyncio.gather(*(scraper.get("/metrics", headers=SCRAPER) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert asked == 1


async def test_without_a_database_the_scraper_still_learns_that(tmp_path):
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    async with client_of(with_token(nowhere, tmp_path)) as client:
        found = numbers(await client.get("/metrics", headers=SCRAPER))
        assert found["ruach_database_up"] == 0
        assert not any(name.startswith("ruach_queue") for name in found)
        assert (await client.get("/metrics", headers={"authorization": "Bearer ruach_st_x"})).status_code == 503


async def test_who_may_scrape(database, caller, scraper):
    async with database.transaction() as tx:
        with bind(correlation_id=new_id()):
            person = await ensure_local_operator(tx)
            secrets = [
                (await issue_service_token(tx, name="t", roles=["operator"], scopes=[scope], created_by=person)).secret
                for scope in ("metrics:read", "ops:read")
            ]
    nobody, member, operator = await caller(), await caller("member"), await caller("operator")
    assert [(await each.get("/metrics")).status_code for each in (nobody, member, operator)] == [401, 403, 200]
    for secret, status in zip(secrets, (200, 403), strict=True):
        answer = await nobody.get("/metrics", headers={"authorization": f"Bearer {secret}"})
        assert answer.status_code == status
    assert (await nobody.get("/metrics", headers=SCRAPER)).status_code == 401  # this one has no scraper's token
    for wrong in (TOKEN[:-1], TOKEN + "x", "", "Basic x"):
        assert (await scraper.get("/metrics", headers={"authorization": f"Bearer {wrong}"})).status_code == 401
