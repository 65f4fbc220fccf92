"""Turn one pillar into the list of what it gives a process: routes, checks, job handlers, consumers, commands, tasks.

Nothing of a pillar is imported before one of these functions is called: a process that does not serve a pillar neither
pays for its libraries nor breaks with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ruach_studio.app.parts import assembly, formation, membership, render
from ruach_studio.infra.routes import Routes
from ruach_studio.infra.settings_pillars import Pillar

if TYPE_CHECKING:  # a command that serves no HTTP loads none
    from ruach_studio.app.wiring import Services
    from ruach_studio.infra.commands import Command
    from ruach_studio.infra.dead_letters import Playbooks
    from ruach_studio.infra.http.health import Check
    from ruach_studio.infra.outbox import Consumer
    from ruach_studio.infra.queues import Handler, HandlerHooks
    from ruach_studio.infra.signals.metrics import Reader
    from ruach_studio.infra.signals.story import Teller

JobKey = tuple[str, str]


def _none(_services: "Services") -> Mapping[Any, Any]:
    return {}


def _nothing(_services: "Services") -> Sequence[Any]:
    return ()


async def _at_once(_services: "Services") -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one pillar brings along. `paths` are the first segments of its routes, known without loading them.

    `start` runs once before anything is served; each of `tasks` runs beside the workers until the event is set.
    """

    paths: frozenset[str]
    routers: Callable[["Services"], Sequence["Routes"]]
    teller: Callable[["Services"], "Teller"]
    checks: Callable[["Services"], Mapping[str, "Check"]] = _none
    handlers: Callable[["Services"], Mapping[JobKey, "Handler"]] = _none
    hooks: Callable[["Services"], Mapping[JobKey, "HandlerHooks"]] = _none
    consumers: Callable[["Services"], Sequence["Consumer"]] = _nothing
    commands: Callable[["Services"], Sequence["Command[Any]"]] = _nothing
    playbooks: Callable[["Services"], "Playbooks"] = _none
    readings: Callable[["Services"], Sequence["Reader"]] = _nothing
    start: Callable[["Services"], Awaitable[None]] = _at_once
    tasks: Callable[["Services"], Mapping[str, Callable[[asyncio.Event], Coroutine[Any, Any, None]]]] = _none


def _part(module: Any, *paths: str) -> Part:
    """Return the functions of a pillar's module, by their names; what it lacks it brings nothing of."""
    given = {each.name: getattr(module, each.name) for each in fields(Part) if hasattr(module, each.name)}
    return Part(frozenset(paths), **given)


# In this order routes are tried: what members ask most comes first.
PARTS: Mapping[Pillar, Part] = MappingProxyType({
    "formation": _part(formation, "formation-engine", "formation-dependency"),
    "assembly": _part(assembly, "sessions"),
    "render": _part(render, "render-jobs", "render-presets", "render-subjects"),
    "membership": _part(membership, "membership", "webhooks"),
})  # fmt: skip
