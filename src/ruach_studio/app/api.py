"""Turn services into the HTTP API: the platform's routes, then each pillar's."""

from ruach_studio import __version__
from ruach_studio.app.decisions import router as decisions_router
from ruach_studio.app.ops import commanding
from ruach_studio.app.wiring import Services
from ruach_studio.assembly.entrypoints import http as assembly_http
from ruach_studio.formation.entrypoints import http_enrollments as formation_enrollments
from ruach_studio.formation.entrypoints import http_graph as formation_graph
from ruach_studio.formation.entrypoints import http_insights as formation_insights
from ruach_studio.formation.entrypoints import http_member as formation_member
from ruach_studio.formation.entrypoints import http_read as formation_read
from ruach_studio.formation.entrypoints import http_recovery as formation_recovery
from ruach_studio.formation.entrypoints import http_search as formation_search
from ruach_studio.formation.entrypoints.readiness import readers_ready, search_ready
from ruach_studio.formation.entrypoints.readiness import ready as formation_ready
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.auth.routes import router as auth_router
from ruach_studio.infra.commands.routes import router as ops_router
from ruach_studio.infra.http import health
from ruach_studio.infra.http.access import public
from ruach_studio.infra.http.application import RuachApi, new_api
from ruach_studio.infra.http.health import Check, Health
from ruach_studio.infra.queues.readiness import redis_ready
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import SigningStore
from ruach_studio.infra.storage.routes import router as media_router
from ruach_studio.infra.storage.routes import signed_router
from ruach_studio.membership.entrypoints import http as membership_http
from ruach_studio.render.entrypoints import http as render_http
from ruach_studio.render.entrypoints import http_presets as render_presets
from ruach_studio.render.entrypoints import http_subjects as render_subjects
from ruach_studio.render.entrypoints import http_thumbnail as render_thumbnail
from ruach_studio.render.usecases.guard_lambda import runner_ready


def create_api(services: Services) -> RuachApi:
    """Return the whole API; every route names its role or says that it is public."""
    api = new_api(services.platform, version=__version__)
    api.include_router(health.router(readiness(services)))
    api.include_router(formation_read.router(services))  # routes are tried in order: what members ask most comes first
    api.include_router(auth_router())
    api.include_router(decisions_router(services.database))
    api.include_router(assembly_http.router(services))
    api.include_router(render_http.router(services))
    api.include_router(render_presets.router(services))
    api.include_router(render_subjects.router(services))
    api.include_router(render_thumbnail.router(services))
    api.include_router(membership_http.router(services))
    api.include_router(formation_recovery.router(services))  # its /enrollments/unmappable is no id
    api.include_router(formation_enrollments.router(services))
    api.include_router(formation_member.router(services))
    api.include_router(formation_insights.router(services))
    api.include_router(formation_graph.router(services))
    api.include_router(formation_search.router(services))
    api.include_router(ops_router(commanding(services)))
    reader = public() if services.settings.media_public else require("operator", "member")
    if isinstance(services.store, LocalDiskStore):
        api.include_router(media_router(services.store, guard=reader))
    elif isinstance(services.store, SigningStore):
        api.include_router(signed_router(services.store, guard=reader))
    return api


def readiness(services: Services) -> dict[str, Check]:
    """Return what /readyz asks: the database, and each pillar's own store."""

    async def database() -> Health:
        await services.database.start()
        return Health()

    async def formation() -> Health:
        return await formation_ready(services)

    async def search() -> Health:
        return await search_ready(services)

    async def journal_readers() -> Health:
        return await readers_ready(services)

    async def render_runner() -> Health:
        return await runner_ready(services)

    checks: dict[str, Check] = {
        "database": database, "formation": formation, "search": search, "journalReaders": journal_readers,
        "renderRunner": render_runner,
    }  # fmt: skip
    if services.redis is not None:
        checks["redis"] = redis_ready(services.redis, services.queue)
    return checks
