"""Turn one heartbeat of an open tab into counted time on a node, and enough of it into a completed section.

The first beat of a tab steps onto the node, so the gate is asked then. All times are the server's.
"""

from dataclasses import dataclass

from ruach_studio.formation.dwell import Beat, DwellDecision, accept
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import dwell
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.complete_section import complete_section
from ruach_studio.formation.usecases.dwell_places import dwelled_s, place_of
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.open_node import open_node, record_access, refusals_recorded
from ruach_studio.formation.usecases.touch_node import touch_node
from ruach_studio.formation.usecases.write_fact import enqueue_projection, local_day
from ruach_studio.infra.context import bind


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of a beat: seconds credited, all seconds on the node, how many it asks for, and whether it is done."""

    decision: DwellDecision
    reason: str
    credited_s: float
    dwell_s: int
    minimum_dwell_s: int
    completed: bool


async def beat_heart(
    services: FormationServices, user_id: str, session_id: str, node_id: str, sequence: int, *, path_id: str = DEFAULT_PATH
) -> Counted:
    """Count one beat of the user's tab `session_id`. Raises NotEnrolled, NotTracked, NodeNotFound, Gated, Unavailable.

    A beat that is too soon, out of order or about another node changes nothing and says so; it is no error.
    """
    now = services.clock.now()
    async with refusals_recorded(services), services.database.transaction() as tx:
        await take_turn(tx, user_id)
        opened = await open_node(services, tx, user_id, node_id, path_id=path_id, at=now)
        enrollment, node = opened.journey.enrollment, opened.node
        before = await dwell.get(tx, user_id)
        after, credited_s, verdict = accept(
            Beat(session_id, place_of(path_id, node_id), sequence), before, now,
            day=local_day(enrollment.time_zone, now).isoformat(),
        )  # fmt: skip
        dwell_s = dwelled_s(after, opened.journey.state, path_id, node_id)
        done = node_id in opened.journey.evidence.completed
        with bind(enrollment_id=enrollment.enrollment_id):
            if after is not before:
                await dwell.put(tx, user_id, after, now)
            wrote = False
            if verdict.decision == "opened":
                wrote = await touch_node(services, tx, opened, at=now, dwell_s=dwell_s)
            elif verdict.decision == "credited" and node.kind == "section" and dwell_s >= node.min_dwell_s:
                wrote = await complete_section(services, tx, opened, after, at=now)
                done = done or wrote
            if wrote:
                await enqueue_projection(services, tx, enrollment.enrollment_id)
                await record_access(tx, opened, now)
        return Counted(verdict.decision, verdict.reasons[0], credited_s, dwell_s, node.min_dwell_s, done)
