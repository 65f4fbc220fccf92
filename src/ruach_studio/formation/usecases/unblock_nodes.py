"""Turn two operators' word into nodes that are open for good: `formation.repair` with `unblock`.

Without named nodes: those that the journal notes as gated and those whose prerequisite is a ghost, if they are still shut.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.formation import FormationUnlocked
from ruach_studio.formation.gating import Standing
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import enrollments
from ruach_studio.formation.usecases.examine_enrollment import Asked
from ruach_studio.formation.usecases.load_journey import Journey, load_enrollment
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.outbox import publish
from ruach_studio.kernel.errors import BadInput, Conflict


class NothingGated(Conflict):
    """Nothing of this enrollment is shut."""

    code = "nothing_gated"


class JustUnblocked(Conflict):
    """The same was unblocked less than a second ago."""

    code = "just_unblocked"
    retryable = True


async def unblock_nodes(
    services: FormationServices, tx: AsyncConnection, enrollment_id: str, asked: Asked, *, node_ids: Sequence[str],
    confirmed_by: str | None,
) -> dict[str, Any]:  # fmt: skip
    """Write `unblocked` and announce each node. Raises BadInput (a node that the pinned version lacks; nobody confirmed),
    NothingGated (all are open), EnrollmentNotFound, GraphVersionNotFound, JustUnblocked."""
    if not asked.dry_run:
        await enrollments.lock(tx, enrollment_id)
    journey = await load_enrollment(services, tx, enrollment_id)
    _check_known(journey, node_ids)
    standing = Standing(journey.graph, journey.evidence, asked.at)
    nodes = [journey.graph.by_id[name] for name in dict.fromkeys(node_ids)]
    shut = {node.node_id: deficits for node in nodes if (deficits := standing.deficits(node))}
    if not shut:
        raise NothingGated(subject=enrollment_id, remedy="Look at the member's path; these nodes are open.")
    answer = {
        "enrollmentId": enrollment_id, "graphVersion": journey.graph.version, "nodeIds": list(shut),
        "opens": {name: [each.words for each in deficits] for name, deficits in shut.items()},
        "openAlready": [node.node_id for node in nodes if node.node_id not in shut],
    }  # fmt: skip
    if asked.dry_run:
        return answer
    if confirmed_by is None or confirmed_by == asked.requested_by:
        raise BadInput("unblocking takes a second operator", subject="confirmedBy", remedy="Let a different one confirm it.")
    enrollment, first = journey.enrollment, next(iter(shut))
    data = {
        "nodeIds": list(shut), "requestedBy": asked.requested_by, "confirmedBy": confirmed_by, "reason": asked.reason,
    }  # fmt: skip
    written = await write_fact(services, tx, enrollment, "unblocked", first, data, at=asked.at)
    if written.version is None:
        raise JustUnblocked(subject=enrollment_id, remedy="Confirm it again.")
    told = (f"opened by two operators: {asked.reason}",)
    for name in shut:
        await publish(tx, FormationUnlocked(enrollment.user_id, enrollment_id, name, told))
    for name in shut:
        await record_transition(
            tx, entity="formation-node", entity_id=f"{enrollment_id}/{name}", from_state="gated", to_state="unlocked",
            actor=asked.actor, reason=f"unblocked, confirmed by {confirmed_by}: {asked.reason}",
        )  # fmt: skip
    return answer


async def shut_nodes(
    services: FormationServices, conn: AsyncConnection, enrollment_id: str, asked: Asked
) -> tuple[str, ...]:
    """Return the nodes that are noted as gated or wait for a ghost, and are shut now, in the path's order."""
    journey = await load_enrollment(services, conn, enrollment_id)
    standing = Standing(journey.graph, journey.evidence, asked.at)
    noted = {name for old in journey.state.gated for name in journey.state.names_of(old)}
    found: list[str] = []
    for node in journey.graph.order:
        deficits = standing.deficits(node)
        if deficits and (node.node_id in noted or any(each.lack == "ghost" for each in deficits)):
            found.append(node.node_id)
    if not found:
        raise NothingGated(subject=enrollment_id, remedy="Name the nodes, if it is others.")
    return tuple(found)


def _check_known(journey: Journey, node_ids: Sequence[str]) -> None:
    unknown = [name for name in node_ids if name not in journey.graph.by_id]
    if unknown or not node_ids:
        fact = f"version {journey.graph.version} of the path has no such node" if unknown else "no node is named"
        raise BadInput(fact, subject=", ".join(unknown) or "nodeIds",
                       remedy="Name nodes of the pinned version, or migrate to a version that has them.")  # fmt: skip
