"""Turn services into what render brings to a process; loaded on first use."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ruach_studio.app.wiring import Services
    from ruach_studio.infra.commands import Command
    from ruach_studio.infra.dead_letters import Playbooks
    from ruach_studio.infra.http.health import Check
    from ruach_studio.infra.outbox import Consumer
    from ruach_studio.infra.queues import Handler, HandlerHooks
    from ruach_studio.infra.routes import Routes
    from ruach_studio.infra.signals.metrics import Reader, Reading
    from ruach_studio.infra.signals.story import Teller


def routers(services: "Services") -> Sequence["Routes"]:
    """Return its routes."""
    from ruach_studio.render.entrypoints import http, http_presets, http_subjects, http_thumbnail

    return [each.router(services) for each in (http, http_presets, http_subjects, http_thumbnail)]


def checks(services: "Services") -> Mapping[str, "Check"]:
    """Return what its readiness asks."""
    from ruach_studio.render.usecases.guard_lambda import runner_ready

    return {"renderRunner": lambda: runner_ready(services)}


def handlers(services: "Services") -> Mapping[tuple[str, str], "Handler"]:
    """Return its job handlers. Raises what the runner lacks."""
    from ruach_studio.app.runner import open_runner
    from ruach_studio.render.entrypoints import jobs, jobs_media
    from ruach_studio.render.usecases.guard_lambda import LedgerBudget

    runner = open_runner(services.settings, LedgerBudget(services))
    return {**jobs.handlers(services, runner), **jobs_media.handlers(services, runner)}


def hooks(services: "Services") -> Mapping[tuple[str, str], "HandlerHooks"]:
    """Return what a failed or dead job does to its rows."""
    from ruach_studio.render.entrypoints import jobs, jobs_media

    return {**jobs.hooks(services), **jobs_media.hooks()}


def consumers(services: "Services") -> Sequence["Consumer"]:
    """Return what it listens to."""
    from ruach_studio.render.entrypoints import events

    return events.consumers(services)


def commands(services: "Services") -> Sequence["Command[Any]"]:
    """Return its recovery commands."""
    from ruach_studio.render.entrypoints import commands

    return commands.commands(services)


def playbooks(_services: "Services") -> "Playbooks":
    """Return how the dead letters of its queues and consumers are judged."""
    from ruach_studio.infra.dead_letters import Playbook
    from ruach_studio.render import triage, triage_derivatives

    book = Playbook(
        lambda code, _message: triage.triage_of(code),
        lambda name, job_id, payload, row: triage.ways_back(job_id, payload, row) if name == "render" else (),
    )
    derived = Playbook(
        triage_derivatives.triage_of, lambda name, _id, payload, row: triage_derivatives.ways_back(name, payload, row)
    )
    return {
        "render-jobs": book, "render.keep-locked-edl": book, "media-transcoding": derived, "render.derivatives": derived,
    }  # fmt: skip


def teller(services: "Services") -> "Teller":
    """Return what it adds to the story of an id."""
    from ruach_studio.infra.signals.story import Teller
    from ruach_studio.render.usecases import tell_story as story

    return Teller(lambda asked: story.find_scope(services, asked), lambda scope, _limit: story.tell_story(services, scope))


def readings(services: "Services") -> Sequence["Reader"]:
    """Return what it adds to the metrics."""
    from ruach_studio.infra.signals.metrics import Numbers, Reading
    from ruach_studio.render.usecases.read_speed import read_speed

    async def speed() -> Iterable["Reading"]:
        found = await read_speed(services)
        by_format: Numbers = {(name,): value for name, value in found.items()}
        text = "Seconds of film per second of work, median of the last 20 renders that ended within a day."
        return [Reading("render_speed_x_realtime", text, ("format",), by_format)]

    return [speed]
