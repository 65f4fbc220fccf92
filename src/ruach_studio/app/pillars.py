"""Turn services into everything that the pillars bring along: job handlers, their hooks, event consumers."""

from ruach_studio.app.runner import open_runner
from ruach_studio.app.transcribing import transcriber_of
from ruach_studio.app.wiring import Services
from ruach_studio.assembly.entrypoints import inbound as assembly_inbound
from ruach_studio.assembly.entrypoints import jobs as assembly_jobs
from ruach_studio.assembly.entrypoints import jobs_media as assembly_media
from ruach_studio.assembly.entrypoints import jobs_transcripts as assembly_transcripts
from ruach_studio.formation.entrypoints import inbound as formation_inbound
from ruach_studio.formation.entrypoints import jobs as formation_jobs
from ruach_studio.infra.outbox import Consumer
from ruach_studio.infra.queues import Handler, HandlerHooks
from ruach_studio.render.entrypoints import events as render_events
from ruach_studio.render.entrypoints import jobs as render_jobs
from ruach_studio.render.usecases.guard_lambda import LedgerBudget

JobKey = tuple[str, str]


def handlers(services: Services) -> dict[JobKey, Handler]:
    """Return every handler by (queue, job name)."""
    return {
        **assembly_jobs.handlers(services),
        **assembly_media.handlers(services),
        **assembly_transcripts.handlers(services, transcriber_of(services.settings)),
        **render_jobs.handlers(services, open_runner(services.settings, LedgerBudget(services))),
        **formation_jobs.handlers(services),
    }


def hooks(services: Services) -> dict[JobKey, HandlerHooks]:
    """Return what a failed or dead job does to its pillar's rows."""
    return {
        **assembly_jobs.hooks(services),
        **assembly_media.hooks(services),
        **assembly_transcripts.hooks(),
        **render_jobs.hooks(services),
        **formation_jobs.hooks(services),
    }


def consumers(services: Services) -> list[Consumer]:
    """Return who listens to which events."""
    return [
        *assembly_inbound.consumers(services),
        *render_events.consumers(services),
        *formation_inbound.consumers(services),
    ]
