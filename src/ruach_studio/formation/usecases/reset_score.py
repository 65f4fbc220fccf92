"""Turn raw data (journal, counted dwell, handed-in texts) into the score anew: `formation.repair` with `reset-score`.

A score is derived, so it is wrong only where something that it reads is: the projection, or an event with a bad value. Both
are named, with each factor as readers see it and as the raw data has it. The projection is rebuilt; an event that the
journal's door would refuse today is voided if the operator names it: the one way in which a bad event can be corrected.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.repair import (
    BadEvent,
    JournalUnreadable,
    bad_events,
    factor_changes,
    may_be_voided,
    replay_whole,
)  # fmt: skip
from ruach_studio.formation.scoring import compute_formation_score
from ruach_studio.formation.state import FormationState, Numbered, evidence_of
from ruach_studio.formation.store import dwell, reflections
from ruach_studio.formation.usecases.dwell_places import dwelled_s
from ruach_studio.formation.usecases.examine_enrollment import Asked, Examined, comparison, examine_enrollment
from ruach_studio.formation.usecases.swap_projection import mend_row, swap_projection
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import DecisionEntry, record_decisions
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import BadInput


class NotVoidable(BadInput):
    """Only an event that the journal's door would refuse today can be voided."""

    code = "not_voidable"


async def reset_score(
    services: FormationServices, tx: AsyncConnection, enrollment_id: str, asked: Asked, *, void: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what was wrong and each factor before and after. `void`: ids of bad events to take out.

    Raises EnrollmentNotFound, NotVoidable, JournalUnreadable (a bad event stands in the way and is not in `void`; a dry run
    names it instead).
    """
    found = await examine_enrollment(tx, enrollment_id, asked)
    bad = bad_events(found.events)
    _check_voids(void, bad)
    try:
        truth = replay_whole([*found.events, *_pretended(found, void, asked)])
    except JournalUnreadable as error:
        if not asked.dry_run:
            raise
        return {"enrollmentId": enrollment_id, "unreadable": error.fact, "badEvents": _told(bad, void)}
    graph = await services.graphs.get(tx, found.enrollment.path_id, truth.graph_version or found.enrollment.graph_version)
    seen = None if found.copy.state is None else evidence_of(found.copy.state, graph)
    evidence = evidence_of(truth, graph)
    answer = comparison(found, truth) | {
        "factors": [
            {"phase": each.phase, "factor": each.factor, "before": each.before, "after": each.after}
            for each in factor_changes(graph, seen, evidence)
        ],
        "badEvents": _told(bad, void),
        "rawData": await _against_raw_data(tx, found, truth),
    }  # fmt: skip
    if not asked.dry_run:
        await mend_row(tx, found, truth)
        for event_id in void:
            data = {"eventId": event_id, "requestedBy": asked.requested_by, "reason": asked.reason}
            await write_fact(services, tx, found.enrollment, "voided", event_id, data, at=asked.at, project=False)
        await swap_projection(services, tx, found, truth, asked, action="reset-score")
        await _record_scores(tx, graph, truth, asked)
    return answer


def _told(bad: Sequence[BadEvent], void: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"eventId": each.event_id, "version": each.version, "eventType": each.event_type, "why": each.why,
         "voidable": may_be_voided(each), "voided": each.event_id in void} for each in bad
    ]  # fmt: skip


def _check_voids(void: Sequence[str], bad: Sequence[BadEvent]) -> None:
    voidable = {each.event_id for each in bad if may_be_voided(each)}
    wrong = [each for each in void if each not in voidable]
    if wrong:
        raise NotVoidable(subject=", ".join(wrong), remedy="A dry run lists the bad events; no other is voided.")


def _pretended(found: Examined, void: Sequence[str], asked: Asked) -> list[Numbered]:
    """Return the void events as they will be written, to see what they do."""
    last = found.events[-1][0] if found.events else 0
    enrollment = found.enrollment
    return [
        (number, JournalEvent(f"void of {event_id}", enrollment.user_id, enrollment.enrollment_id, "voided", event_id,
                              asked.at, {"eventId": event_id, "requestedBy": asked.requested_by, "reason": asked.reason}))
        for number, event_id in enumerate(dict.fromkeys(void), last + 1)
    ]  # fmt: skip


async def _against_raw_data(tx: AsyncConnection, found: Examined, truth: FormationState) -> list[str]:
    """Return where the journal and the rows beside it tell different things: handed-in texts, counted dwell."""
    enrollment = found.enrollment
    handed_in = await reflections.of_enrollment(tx, enrollment.user_id, enrollment.enrollment_id)
    texts = {each.reflection_id: each for each in handed_in}
    told: list[str] = []
    try:
        counted = await dwell.get(tx, found.enrollment.user_id)
    except (KeyError, TypeError, AttributeError) as error:
        told.append(f"the counted dwell cannot be read ({type(error).__name__}: {error})")
        counted = None
    for version, event in found.events:
        data = event.data
        if event.event_type == "reflection_submitted":
            kept = texts.get(str(data.get("reflectionId")))
            if kept is None:
                told.append(f"event {version}: there is no text of reflection {data.get('reflectionId')}")
            elif data.get("textSha256") not in (None, kept.text_sha256) or data.get("wordCount") != kept.word_count:
                told.append(f"event {version}: the text of reflection {kept.reflection_id} is another one")
        if event.event_type == "section_completed":
            node, said = event.content_id or str(data.get("sectionId")), data.get("totalDwellTimeSeconds")
            counted_s = None
            if counted is not None:  # once the node's name alone was the place, on every path
                counted_s = max(dwelled_s(counted, truth, enrollment.path_id, node), counted.dwell_s(node))
            if counted_s is not None and isinstance(said, int) and said > counted_s:
                told.append(f"event {version}: {said} s on {node}, and {counted_s} s were counted")
    return told


async def _record_scores(tx: AsyncConnection, graph: Graph, truth: FormationState, asked: Asked) -> None:
    """Record the new scores as decisions. Last: the audit's chain is locked until the transaction ends."""
    evidence = evidence_of(truth, graph)
    scores = [compute_formation_score(graph, evidence, phase, as_of=asked.at) for phase in graph.live_phases]
    correlation_id = require_correlation_id()
    await record_decisions(
        tx,
        [DecisionEntry(DecisionResult(s.verdict, asked.at, correlation_id), truth.enrollment_id, s.inputs) for s in scores],
    )
