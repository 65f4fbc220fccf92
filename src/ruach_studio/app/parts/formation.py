"""Turn services into what formation brings to a process; loaded on first use."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ruach_studio.app.wiring import Services
    from ruach_studio.infra.commands import Command
    from ruach_studio.infra.dead_letters import Playbooks
    from ruach_studio.infra.http.health import Check
    from ruach_studio.infra.outbox import Consumer
    from ruach_studio.infra.queues import Handler, HandlerHooks
    from ruach_studio.infra.routes import Routes
    from ruach_studio.infra.signals.story import Teller


def routers(services: "Services") -> Sequence["Routes"]:
    """Return its routes, in the order in which they are tried."""
    from ruach_studio.formation.entrypoints import (
        http_enrollments,
        http_graph,
        http_insights,
        http_member,
        http_read,
        http_recovery,
        http_search,
    )  # fmt: skip

    # recovery before enrollments: its /enrollments/unmappable is no id
    ordered = (http_read, http_recovery, http_enrollments, http_member, http_insights, http_graph, http_search)
    return [each.router(services) for each in ordered]


def checks(services: "Services") -> Mapping[str, "Check"]:
    """Return what its readiness asks."""
    from ruach_studio.formation.entrypoints.readiness import readers_ready, ready, search_ready

    return {
        "formation": lambda: ready(services),
        "search": lambda: search_ready(services),
        "journalReaders": lambda: readers_ready(services),
    }


def handlers(services: "Services") -> Mapping[tuple[str, str], "Handler"]:
    """Return its job handlers."""
    from ruach_studio.formation.entrypoints import jobs

    return jobs.handlers(services)


def hooks(services: "Services") -> Mapping[tuple[str, str], "HandlerHooks"]:
    """Return what a failed or dead job does to its rows."""
    from ruach_studio.formation.entrypoints import jobs

    return jobs.hooks(services)


def consumers(services: "Services") -> Sequence["Consumer"]:
    """Return what it listens to."""
    from ruach_studio.formation.entrypoints import inbound

    return inbound.consumers(services)


def commands(services: "Services") -> Sequence["Command[Any]"]:
    """Return its recovery commands."""
    from ruach_studio.formation.entrypoints import commands

    return commands.commands(services)


async def start(services: "Services") -> None:
    """Keep the collector away from graphs once they are read."""
    from ruach_studio.infra.collector import settle

    services.graphs.on_read = settle


def tasks(services: "Services") -> Mapping[str, Callable[[asyncio.Event], Coroutine[Any, Any, None]]]:
    """Return the stream of statements, if there is somewhere to send them."""
    if services.settings.xapi_url is None:
        return {}
    from ruach_studio.app.xapi import run

    return {"xapi": lambda stop: run(services, stop)}


def playbooks(_services: "Services") -> "Playbooks":
    """Return how the dead letters of its queue and consumer are judged."""
    from ruach_studio.formation import triage
    from ruach_studio.infra.dead_letters import Playbook

    return {
        "formation-state": Playbook(
            lambda code, _message: triage.triage_of(code),
            lambda name, _id, payload, row: triage.ways_back(name, payload, row),
        ),
        "formation.keep-artifact": Playbook(lambda code, _message: triage.triage_event(code), lambda *_: ()),
    }


def teller(services: "Services") -> "Teller":
    """Return what it adds to the story of an id."""
    from ruach_studio.formation.usecases import tell_story as story
    from ruach_studio.infra.signals.story import Teller

    return Teller(
        lambda asked: story.find_scope(services, asked), lambda scope, limit: story.tell_story(services, scope, limit)
    )
