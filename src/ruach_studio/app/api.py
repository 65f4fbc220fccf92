"""Turn services into the HTTP API: the platform's routes, then each pillar's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from ruach_studio import __version__
from ruach_studio.app.dead_letters import playbooks
from ruach_studio.app.decisions import router as decisions_router
from ruach_studio.app.metrics import open_metrics
from ruach_studio.app.ops import commanding
from ruach_studio.app.parts import each_part, say_elsewhere
from ruach_studio.app.parts.part import Part
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
from ruach_studio.infra.http.pages import router as pages_router
from ruach_studio.infra.outbox.routes import router as events_router
from ruach_studio.infra.queues.readiness import redis_ready
from ruach_studio.infra.queues.routes import router as queues_router
from ruach_studio.infra.routes import Routes
from ruach_studio.infra.signals.request_log import RequestLog
from ruach_studio.infra.signals.routes import router as metrics_router
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import SigningStore
from ruach_studio.infra.storage.routes import router as media_router
from ruach_studio.infra.storage.routes import signed_router


def create_api(services: Services, *, at_once: bool = True) -> RuachApi:
    """Return the whole API; every route names its role or says that it is public.

    `at_once` builds all routes now, so that no request waits for it; else each is built when it is first asked for.
    """
    metrics = open_metrics(services)
    requests = RequestLog(services.database, keep_days=services.settings.request_log_days)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await requests.close()

    api = new_api(services.platform, version=__version__, lifespan=lifespan)
    api.on_answer = [metrics.answered, requests.answered]
    checks, owners = readiness(services)
    found = [health.router(checks, owners, services.settings.pillars, services.broken)]
    found.append(metrics_router(metrics, token=services.settings.metrics_token))
    for _, routers in each_part(services, lambda part: partial(_routes, part, at_once)):
        found += routers  # tried in order: what members ask most comes first
    found += [auth_router(), decisions_router(services.database), trace_router(services), ops_router(commanding(services))]
    found += [queues_router(services.database, services.queue), events_router(services.database)]
    found.append(dead_letters_router(commanding(services), playbooks(services)))
    reader = public() if services.settings.media_public else require("operator", "member")
    if isinstance(services.store, LocalDiskStore):
        found.append(media_router(services.store, guard=reader))
    elif isinstance(services.store, SigningStore):
        found.append(signed_router(services.store, guard=reader))
    found.append(pages_router(services.settings.web_dist))
    for each in found:
        api.add_routes(each)
        if at_once:
            each.build()
    api.router.default = say_elsewhere(services, api.router.default)
    return api


def _routes(part: Part, at_once: bool, services: Services) -> Sequence[Routes]:
    """Return a pillar's routes; where they are built at once, one that cannot be is its pillar's fault, not the API's."""
    found = part.routers(services)
    if at_once:
        for each in found:
            each.build()
    return found


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
