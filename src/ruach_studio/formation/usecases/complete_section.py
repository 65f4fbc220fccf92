"""Turn enough measured time on a section into its completion. The server counts; a client's own claim is worth nothing."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.open_node import OpenNode
from ruach_studio.formation.usecases.write_fact import Fact, offset_minutes, write_fact
from ruach_studio.kernel.errors import Conflict


class NotDwelledEnough(Conflict):
    """This step asks for more time than the server has counted."""

    code = "insufficient_dwell_time"


def check_dwell(opened: OpenNode, dwell_s: int) -> None:
    """Raise NotDwelledEnough if the server has counted fewer seconds on the node than it asks for."""
    asked = opened.node.min_dwell_s
    if dwell_s < asked:
        raise NotDwelledEnough(
            f"{dwell_s} of {asked} s counted", subject=opened.node.title,
            remedy=f"Stay with it for {asked - dwell_s} s more; heartbeats count the time.", dwellSeconds=dwell_s,
            minimumDwellSeconds=asked,
        )  # fmt: skip


def completion(opened: OpenNode, *, at: datetime, dwell_s: int) -> Fact | None:
    """Return `section_completed`, or None if it stands already. Raises NotDwelledEnough."""
    node, journey = opened.node, opened.journey
    if node.node_id in journey.state.sections_completed or node.node_id in journey.evidence.completed:
        return None
    check_dwell(opened, dwell_s)
    return (
        "section_completed", node.node_id,
        {"sectionId": node.node_id, "phase": node.phase, "totalDwellTimeSeconds": dwell_s,
         "utcOffsetMinutes": offset_minutes(journey.enrollment.time_zone, at)},
    )  # fmt: skip


async def complete_section(
    services: FormationServices, tx: AsyncConnection, opened: OpenNode, *, at: datetime, dwell_s: int
) -> bool:
    """Write `section_completed` unless it stands already; return whether it was written. Raises NotDwelledEnough."""
    fact = completion(opened, at=at, dwell_s=dwell_s)
    if fact is None:
        return False
    done = await write_fact(services, tx, opened.journey.enrollment, *fact, at=at, project=False)
    return done.version is not None
