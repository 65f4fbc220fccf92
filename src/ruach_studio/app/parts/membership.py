"""Turn services into what membership brings to a process; loaded on first use."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ruach_studio.app.wiring import Services
    from ruach_studio.infra.routes import Routes
    from ruach_studio.infra.signals.story import Teller


def routers(services: "Services") -> Sequence["Routes"]:
    """Return its routes."""
    from ruach_studio.membership.entrypoints import http

    return [http.router(services)]


async def start(services: "Services") -> None:
    """Settle every standing again: the mapping of prices to tiers may have changed."""
    from ruach_studio.membership.usecases.refresh_standings import refresh_standings

    await refresh_standings(services)


def teller(services: "Services") -> "Teller":
    """Return what it adds to the story of an id."""
    from ruach_studio.infra.signals.story import Teller
    from ruach_studio.membership.usecases import tell_story as story

    return Teller(None, lambda scope, limit: story.tell_story(services, scope, limit))
