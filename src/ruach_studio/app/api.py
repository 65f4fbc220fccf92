"""Turn services into the HTTP API: the platform's routes, then each pillar's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from ruach_studio import __version__
from ruach_studio.app.dead_letters import playbooks
from ruach_studio.app.decisions import router as decisions_router
from ruach_studio.app.metrics import open_metrics
from ruach_studio.app.ops import commanding
from ruach_studio.app.parts import each_part, say_elsewhere
from ruach_studio.app.trace import router as trace_router
from ruach_studio.app.wiring import Services
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.auth.routes import router as auth_router
from ruach_studio.infra.commands.routes import router as ops_router
from ruach_studio.infra.dead_letters.routes import router as dead_letters_router
from ruach_studio.infra.http import health
from ruach_studio.infra.http.access import public
from ruach_studio.infra.http.application import RuachApi, new_api
from ruach_studio.infra.http.health import Check, Health
from ruach_studio.infra.outbox.routes import router as events_router
from ruach_studio.infra.queues.readiness import redis_ready
from ruach_studio.infra.queues.routes import router as queues_router
from ruach_studio.infra.signals.request_log import RequestLog
from ruach_studio.infra.signals.routes import router as metrics_router
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import SigningStore
from ruach_studio.infra.storage.routes import router as media_router
from ruach_studio.infra.storage.routes import signed_router


def create_api(services: Services) -> RuachApi:
    """Return the whole API; every route names its role or says that it is public."""
    metrics = open_metrics(services)
    requests = RequestLog(services.database, keep_days=services.settings.request_log_days)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await requests.close()

    api = new_api(services.platform, version=__version__, lifespan=lifespan)
    api.on_answer = [metrics.answered, requests.answered]
    checks, owners = readiness(services)
    api.include_router(health.router(checks, owners, services.settings.pillars, services.broken))
    api.include_router(metrics_router(metrics, token=services.settings.metrics_token))
    for _, routers in each_part(services, lambda part: part.routers):  # tried in order: what members ask most comes first
        for each in routers:
            api.include_router(each)
    api.include_router(auth_router())
    api.include_router(decisions_router(services.database))
    api.include_router(trace_router(services))
    api.include_router(ops_router(commanding(services)))
    api.include_router(queues_router(services.database, services.queue))
    api.include_router(events_router(services.database))
    api.include_router(dead_letters_router(commanding(services), playbooks(services)))
    reader = public() if services.settings.media_public else require("operator", "member")
    if isinstance(services.store, LocalDiskStore):
        api.include_router(media_router(services.store, guard=reader))
    elif isinstance(services.store, SigningStore):
        api.include_router(signed_router(services.store, guard=reader))
    api.router.default = say_elsewhere(services, api.router.default)
    return api


def readiness(services: Services) -> tuple[dict[str, Check], dict[str, str]]:
    """Return what /readyz asks, by name: the database, and what each pillar served here asks; and which pillar asks what."""

    async def database() -> Health:
        await services.database.start()
        return Health()

    checks: dict[str, Check] = {"database": database}
    owners: dict[str, str] = {}
    for pillar, found in each_part(services, lambda part: part.checks):
        checks.update(found)
        owners.update(dict.fromkeys(found, pillar))
    if services.redis is not None:
        checks["redis"] = redis_ready(services.redis, services.queue)
    return checks, owners
