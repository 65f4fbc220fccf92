"""Turn what happened to an enrollment into its projection, and note what that changed: doors, phases, readiness.

The job of the queue `formation-state`. It may run twice or late: it starts from what is stored, writes only what is new, and
reading never waits for it. Where time alone opens the next door, it asks to be run again then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.formation import FormationGated, FormationUnlocked
from ruach_studio.formation.changes import Changes, DoorChange, changes_of
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.readiness_change import Change, readiness_changes
from ruach_studio.formation.state import REDUCER_VERSION, digest, evidence_of, to_snapshot
from ruach_studio.formation.store import axioms, enrollments, projections
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.projections import Projection
from ruach_studio.formation.usecases.load_evidence import keep_evidence
from ruach_studio.formation.usecases.load_journey import pinned_graph, state_of
from ruach_studio.formation.usecases.write_fact import PROJECT, QUEUE, write_fact
from ruach_studio.infra.audit import DecisionEntry, record_decisions, record_transition
from ruach_studio.infra.context import bind, require_correlation_id
from ruach_studio.infra.idempotency import once
from ruach_studio.infra.outbox import publish
from ruach_studio.kernel.decision import DecisionResult

ACTOR = "worker:formation"
WAKE_MARGIN_S = 5.0  # clocks differ; a run that came too early would find the door still shut
AGAIN_AFTER_S = 1.5  # what the one-second window took for a repeat is new then


@dataclass(frozen=True, slots=True)
class Projected:
    """Where the projection stands now, and how much was noted."""

    journal_version: int
    digest: str
    unlocked: tuple[str, ...]
    gated: tuple[str, ...]


async def project_enrollment(services: FormationServices, enrollment_id: str) -> Projected:
    """Bring one enrollment's projection up to date. Raises EnrollmentNotFound, GraphVersionNotFound."""
    now = services.clock.now()
    with bind(enrollment_id=enrollment_id):
        async with services.database.transaction() as tx:
            return await project_in(services, tx, enrollment_id, at=now)


async def project_in(services: FormationServices, tx: AsyncConnection, enrollment_id: str, *, at: datetime) -> Projected:
    """Do the same inside the caller's transaction; the caller's events before it are part of it."""
    enrollment = await enrollments.lock(tx, enrollment_id)
    state = await state_of(tx, enrollment_id)
    graph = await pinned_graph(services, tx, enrollment, state.graph_version or enrollment.graph_version)
    changes, levels = Changes((), (), None), tuple[Change, ...]()
    if state.covenant == "formation_journey":  # a resource explorer leaves no record
        evidence = await keep_evidence(tx, graph, evidence_of(state, graph), at=at)
        changes = changes_of(graph, state, evidence, as_of=at)
        levels = readiness_changes(state, graph, await axioms.canon(tx), at)
        found = (changes, levels)
        changes, levels = await _note(services, tx, enrollment, *found, at)
        if changes.doors or changes.phases or levels:
            state = await state_of(tx, enrollment_id)
            await keep_evidence(tx, graph, evidence_of(state, graph), at=at)
        if (changes, levels) != found:
            await services.queue.add(tx, QUEUE, PROJECT, {"enrollmentId": enrollment_id}, delay_s=AGAIN_AFTER_S)
    stored = Projection(enrollment_id, state.journal_version, REDUCER_VERSION, dict(to_snapshot(state)), digest(state), at)
    await projections.put(tx, stored)
    if changes.opens_at is not None:
        await _wake(services, tx, enrollment_id, changes.opens_at, at)
    await _record(tx, enrollment, changes, levels, at)
    names = {kind: tuple(d.node.node_id for d in changes.doors if d.change == kind) for kind in ("unlocked", "gated")}
    return Projected(state.journal_version, stored.digest, names["unlocked"], names["gated"])


async def _note(
    services: FormationServices, tx: AsyncConnection, enrollment: Enrollment, changes: Changes, levels: tuple[Change, ...],
    at: datetime,
) -> tuple[Changes, tuple[Change, ...]]:  # fmt: skip
    """Write what is new and announce the doors; return what was written, without what the window took for a repeat."""

    async def wrote(event_type: str, content_id: str, payload: Mapping[str, object]) -> bool:
        done = await write_fact(services, tx, enrollment, event_type, content_id, payload, at=at, project=False)
        return done.version is not None

    doors = [each for each in changes.doors if await wrote(f"content_{each.change}", each.node.node_id, each.payload)]
    for door in doors:
        await publish(tx, _announcement(enrollment, door))
    phases = [each for each in changes.phases if await wrote("phase_completed", each.phase, each.payload)]
    told = [each for each in levels if await wrote(each.event_type, each.content_id, each.payload)]
    return Changes(tuple(doors), tuple(phases), changes.opens_at), tuple(told)


def _announcement(enrollment: Enrollment, door: DoorChange) -> FormationUnlocked | FormationGated:
    kind = FormationUnlocked if door.change == "unlocked" else FormationGated
    return kind(enrollment.user_id, enrollment.enrollment_id, door.node.node_id, door.access.verdict.reasons)


async def _wake(
    services: FormationServices, tx: AsyncConnection, enrollment_id: str, opens_at: datetime, at: datetime
) -> None:
    """Run again when the time has come; once per moment, however often the same wait is found."""

    async def enqueue() -> dict[str, object]:
        delay_s = max((opens_at - at).total_seconds(), 0.0) + WAKE_MARGIN_S
        return {"jobId": await services.queue.add(tx, QUEUE, PROJECT, {"enrollmentId": enrollment_id}, delay_s=delay_s)}

    await once(tx, f"formation.wake:{enrollment_id}:{opens_at.isoformat()}", enqueue)


async def _record(
    tx: AsyncConnection, enrollment: Enrollment, changes: Changes, levels: tuple[Change, ...], at: datetime
) -> None:
    """Last, since the audit's chains are locked until the transaction ends."""
    subject, correlation_id = enrollment.enrollment_id, require_correlation_id()
    for done in changes.phases:
        await record_transition(
            tx, entity="formation-phase", entity_id=f"{subject}/{done.phase}", from_state="started", to_state="completed",
            actor=ACTOR, reason="all required steps are done",
        )  # fmt: skip
    for each in levels:
        if each.event_type == "readiness_level_changed":
            told = {name: str(value) for name, value in each.payload.items()}
            await record_transition(
                tx, entity="formation-readiness", entity_id=f"{subject}/{each.content_id}",
                from_state=told["previousLevel"], to_state=told["newLevel"], actor=ACTOR, reason=told["reason"],
            )  # fmt: skip
    await record_decisions(
        tx,
        [
            DecisionEntry(DecisionResult(d.access.verdict, at, correlation_id), subject, d.access.inputs)
            for d in changes.doors
        ],
    )
