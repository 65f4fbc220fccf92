"""Turn a member and a node into the journey on which the node stands open, or into a refusal that says what would open it.

Whatever a member does with a node comes through here first. The gate's decision is recorded either way: a granted one with
what it allowed, a gated one by itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.gating import Access, can_access_node
from ruach_studio.formation.graph import Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.load_journey import Journey, load_journey
from ruach_studio.infra.audit import DecisionEntry, record_decision, record_decisions
from ruach_studio.infra.context import bind, require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import Conflict, Forbidden, NotFound


class NotEnrolled(Conflict):
    """You are not on this path yet."""

    code = "not_enrolled"


class NotTracked(Conflict):
    """A resource explorer browses freely and leaves no record."""

    code = "not_tracked"


class NodeNotFound(NotFound):
    """There is no such step on your path."""

    code = "node_not_found"


class Gated(Forbidden):
    """This step is not open yet."""

    code = "gated"
    refused: "tuple[Access, str, datetime] | None" = None  # the decision, the enrollment and the moment


class OtherKind(Conflict):
    """This step is of another kind."""

    code = "other_kind"


@dataclass(frozen=True, slots=True)
class OpenNode:
    """A node that stands open to a member, and the decision that says so."""

    journey: Journey
    node: Node
    access: Access


async def open_node(
    services: FormationServices, tx: AsyncConnection, user_id: str, node_id: str, *, path_id: str, at: datetime,
    kinds: tuple[str, ...] = (),
) -> OpenNode:  # fmt: skip
    """Return an open node of the user's path in `tx`. Raises NotEnrolled, NotTracked, NodeNotFound, OtherKind, Gated.

    The caller holds the user's turn. `kinds`: the node kinds that will do (none named = any).
    """
    journey = await load_journey(services, tx, user_id, path_id=path_id)
    if journey is None:
        raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
    if journey.state.covenant != "formation_journey":
        raise NotTracked(subject=path_id, remedy="Enter the formation journey to keep your progress.")
    node = journey.graph.by_id.get(node_id)
    if node is None:
        raise NodeNotFound(subject=node_id, remedy="GET /formation-engine/path lists yours.")
    if kinds and node.kind not in kinds:
        raise OtherKind(f"it is a {node.kind}", subject=node_id, remedy=f"This takes a {' or '.join(kinds)}.")
    access = can_access_node(journey.graph, journey.evidence, node_id, as_of=at)
    if access.verdict.decision == "gated":
        reasons = list(access.verdict.reasons)
        refusal = Gated(
            "; ".join(reasons[:-1]) or reasons[0], subject=node.title, remedy=f"To open it: {access.opening.text}.",
            reasons=reasons, opensAt=access.opens_at.isoformat() if access.opens_at else None, nodeId=node_id,
        )  # fmt: skip
        refusal.refused = (access, journey.enrollment.enrollment_id, at)
        raise refusal
    return OpenNode(journey, node, access)


@asynccontextmanager
async def refusals_recorded(services: FormationServices) -> AsyncIterator[None]:
    """Record the gate's refusal, in a transaction of its own, when one leaves the block: nothing else of it is kept."""
    try:
        yield
    except Gated as error:
        if error.refused is not None:
            access, enrollment_id, at = error.refused
            with bind(enrollment_id=enrollment_id):
                async with services.database.transaction() as tx:
                    result = DecisionResult(access.verdict, at, require_correlation_id())
                    await record_decision(tx, result, subject=enrollment_id, inputs=access.inputs)
        raise


async def record_access(tx: AsyncConnection, opened: OpenNode, at: datetime) -> None:
    """Record that the gate let the member in. Last in the transaction: the audit's chain is locked until it ends."""
    await record_decisions(tx, [access_entry(opened, at)])


def access_entry(opened: OpenNode, at: datetime) -> DecisionEntry:
    """Return the decision that let the member in, as the audit takes it."""
    result = DecisionResult(opened.access.verdict, at, require_correlation_id())
    return DecisionEntry(result, opened.journey.enrollment.enrollment_id, opened.access.inputs)
