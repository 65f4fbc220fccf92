"""Turn a path of a pillar that this process does not serve, or could not start, into a problem that says so.

Without it such a path would be an unknown one, and whoever sends requests to the wrong process would look for a spelling
mistake. Not served: 404 `pillar_not_served`. Broken: 503 `pillar_broken`, since a start of the mended one will answer.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from ruach_studio.app.parts.part import PARTS
from ruach_studio.app.wiring import Services
from ruach_studio.infra.settings_pillars import Pillar
from ruach_studio.kernel.errors import NotFound, Unavailable


class PillarNotServed(NotFound):
    """This process does not serve that pillar."""

    code = "pillar_not_served"


class PillarBroken(Unavailable):
    """This pillar could not be started; the others go on."""

    code = "pillar_broken"


def say_elsewhere(services: Services, otherwise: ASGIApp) -> ASGIApp:
    """Return what answers where no route does; a path of no pillar goes to `otherwise`."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        pillar = pillar_of(scope["path"]) if scope["type"] == "http" else None
        if pillar in services.broken:
            raise PillarBroken(
                f"{pillar} could not be started; the others go on", subject=scope["path"],
                remedy="The log has the cause, under pillar.broken.",
            )  # fmt: skip
        if pillar is not None and pillar not in services.settings.pillars:
            raise PillarNotServed(
                f"this process serves {', '.join(services.settings.pillars)}, not {pillar}", subject=scope["path"],
                remedy=f"Ask the process that was started with --pillars {pillar}.",
            )  # fmt: skip
        await otherwise(scope, receive, send)

    return answer


def pillar_of(path: str) -> Pillar | None:
    """Return whose path this is, by its first segment.

    >>> pillar_of("/render-jobs/5"), pillar_of("/readyz")
    ('render', None)
    """
    head = path.strip("/").partition("/")[0]
    return next((name for name, part in PARTS.items() if head in part.paths), None)
