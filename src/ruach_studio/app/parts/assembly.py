"""Turn services into what assembly brings to a process; loaded on first use."""

from collections.abc import Mapping, Sequence
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
    """Return its routes."""
    from ruach_studio.assembly.entrypoints import http

    return [http.router(services)]


def checks(services: "Services") -> Mapping[str, "Check"]:
    """Return what its readiness asks."""
    from ruach_studio.assembly.entrypoints.readiness import ready

    return {"assembly": lambda: ready(services)}


def handlers(services: "Services") -> Mapping[tuple[str, str], "Handler"]:
    """Return its job handlers."""
    from ruach_studio.app.transcribing import transcriber_of
    from ruach_studio.assembly.entrypoints import jobs, jobs_transcripts

    return {**jobs.handlers(services), **jobs_transcripts.handlers(services, transcriber_of(services.settings))}


def hooks(services: "Services") -> Mapping[tuple[str, str], "HandlerHooks"]:
    """Return what a failed or dead job does to its rows."""
    from ruach_studio.assembly.entrypoints import jobs, jobs_transcripts

    return {**jobs.hooks(services), **jobs_transcripts.hooks()}


def consumers(services: "Services") -> Sequence["Consumer"]:
    """Return what it listens to."""
    from ruach_studio.assembly.entrypoints import inbound

    return inbound.consumers(services)


def commands(services: "Services") -> Sequence["Command[Any]"]:
    """Return its recovery commands."""
    from ruach_studio.assembly.entrypoints import commands

    return commands.commands(services)


def playbooks(_services: "Services") -> "Playbooks":
    """Return how the dead letters of its queue and consumers are judged."""
    from ruach_studio.assembly import triage
    from ruach_studio.infra.dead_letters import Playbook

    worked = Playbook(triage.triage_of, lambda name, _id, payload, row: triage.ways_back(name, payload, row))
    heard = Playbook(lambda *_: None, lambda *_: ())  # no row of a job fits an event: shown as unknown
    return {"assembly-jobs": worked, "assembly.sessions": heard, "assembly.derivatives": heard}


def teller(services: "Services") -> "Teller":
    """Return what it adds to the story of an id."""
    from ruach_studio.assembly.usecases import tell_story as story
    from ruach_studio.infra.signals.story import Teller

    return Teller(lambda asked: story.find_scope(services, asked), lambda scope, _limit: story.tell_story(services, scope))
