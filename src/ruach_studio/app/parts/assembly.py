"""Turn services into what assembly brings to a process; loaded on first use."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ruach_studio.app.wiring import Services
    from ruach_studio.infra.commands import Command
    from ruach_studio.infra.http.health import Check
    from ruach_studio.infra.outbox import Consumer
    from ruach_studio.infra.queues import Handler, HandlerHooks


def routers(services: "Services") -> Sequence["APIRouter"]:
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
    from ruach_studio.assembly.entrypoints import jobs, jobs_media, jobs_transcripts

    spoken = jobs_transcripts.handlers(services, transcriber_of(services.settings))
    return {**jobs.handlers(services), **jobs_media.handlers(services), **spoken}


def hooks(services: "Services") -> Mapping[tuple[str, str], "HandlerHooks"]:
    """Return what a failed or dead job does to its rows."""
    from ruach_studio.assembly.entrypoints import jobs, jobs_media, jobs_transcripts

    return {**jobs.hooks(services), **jobs_media.hooks(services), **jobs_transcripts.hooks()}


def consumers(services: "Services") -> Sequence["Consumer"]:
    """Return what it listens to."""
    from ruach_studio.assembly.entrypoints import inbound

    return inbound.consumers(services)


def commands(services: "Services") -> Sequence["Command[Any]"]:
    """Return its recovery commands."""
    from ruach_studio.assembly.entrypoints import commands

    return commands.commands(services)
