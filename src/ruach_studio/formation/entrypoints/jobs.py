"""Turn jobs of the queue formation-state into use cases."""

from collections.abc import Mapping
from typing import Any

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.triage import triage_of
from ruach_studio.formation.usecases.assess_reflection import assess_reflection
from ruach_studio.formation.usecases.close_dead_letters import whose_reflection
from ruach_studio.formation.usecases.embed_piece import embed_piece
from ruach_studio.formation.usecases.index_piece import INDEX
from ruach_studio.formation.usecases.project_enrollment import project_enrollment
from ruach_studio.formation.usecases.write_fact import ASSESS, PROJECT, QUEUE
from ruach_studio.infra.queues import Execution, Handler, HandlerHooks, JobContext, JobError


def handlers(services: FormationServices) -> dict[tuple[str, str], Handler]:
    """Return the handlers by (queue, job name)."""

    async def project(_context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        done = await project_enrollment(services, payload["enrollmentId"])
        return {"journalVersion": done.journal_version, "unlocked": list(done.unlocked), "gated": list(done.gated)}

    async def assess(_context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"asked": await assess_reflection(services, payload["reflectionId"])}

    async def index(_context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"vectors": await embed_piece(services, payload["contentRef"])}

    return {(QUEUE, PROJECT): project, (QUEUE, ASSESS): assess, (QUEUE, INDEX): index}


def hooks(_services: FormationServices) -> dict[tuple[str, str], HandlerHooks]:
    """Return what a dead job means: the playbook's cause. Nothing is lost: readers fold the journal themselves."""

    def named(_execution: Execution, error: JobError) -> Mapping[str, Any] | None:
        row = triage_of(error.code)
        return None if row is None else row.to_wire()

    return {
        (QUEUE, PROJECT): HandlerHooks(triage=named, subject=("enrollmentId",)),
        (QUEUE, ASSESS): HandlerHooks(triage=named, facts=whose_reflection, subject=("reflectionId",)),
        (QUEUE, INDEX): HandlerHooks(triage=named, subject=("contentRef",)),
    }
