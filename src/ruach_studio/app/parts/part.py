"""Turn one pillar into the list of what it gives a process: routes, checks, job handlers, consumers, commands, tasks.

Nothing of a pillar is imported before one of these functions is called: a process that does not serve a pillar neither
pays for its libraries nor breaks with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ruach_studio.app.parts import assembly, formation, membership, render
from ruach_studio.infra.settings_pillars import Pillar

if TYPE_CHECKING:  # a command that serves no HTTP loads none
    from fastapi import APIRouter

    from ruach_studio.app.wiring import Services
    from ruach_studio.infra.commands import Command
    from ruach_studio.infra.dead_letters import Playbooks
    from ruach_studio.infra.http.health import Check
    from ruach_studio.infra.outbox import Consumer
    from ruach_studio.infra.queues import Handler, HandlerHooks

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
    routers: Callable[["Services"], Sequence["APIRouter"]]
    checks: Callable[["Services"], Mapping[str, "Check"]] = _none
    handlers: Callable[["Services"], Mapping[JobKey, "Handler"]] = _none
    hooks: Callable[["Services"], Mapping[JobKey, "HandlerHooks"]] = _none
    consumers: Callable[["Services"], Sequence["Consumer"]] = _nothing
    commands: Callable[["Services"], Sequence["Command[Any]"]] = _nothing
    playbooks: Callable[["Services"], "Playbooks"] = _none
    start: Callable[["Services"], Awaitable[None]] = _at_once
    tasks: Callable[["Services"], Mapping[str, Callable[[asyncio.Event], Coroutine[Any, Any, None]]]] = _none


# In this order routes are tried: what members ask most comes first.
PARTS: Mapping[Pillar, Part] = MappingProxyType({
    "formation": Part(
        frozenset({"formation-engine", "formation-dependency"}), formation.routers, formation.checks, formation.handlers,
        formation.hooks, formation.consumers, formation.commands, formation.playbooks, formation.start, formation.tasks,
    ),
    "assembly": Part(
        frozenset({"sessions"}), assembly.routers, assembly.checks, assembly.handlers, assembly.hooks,
        assembly.consumers, assembly.commands, assembly.playbooks,
    ),
    "render": Part(
        frozenset({"render-jobs", "render-presets", "render-subjects"}), render.routers, render.checks, render.handlers,
        render.hooks, render.consumers, render.commands, render.playbooks,
    ),
    "membership": Part(
        frozenset({"membership", "webhooks"}), membership.routers, start=membership.start,
    ),
})  # fmt: skip
