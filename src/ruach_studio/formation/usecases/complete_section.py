"""Turn enough measured time on a section into its completion. The server counts; a client's own claim is worth nothing.

A section that is read again on another local day, on it for as long as it asks (a second at least), is completed again: the
fold keeps the first time, and the day counts as active in the section's phase. Else a phase without a prompt could be read
in one day, and its days of activity never be made up for.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.dwell import DwellState
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.dwell_places import day_s, dwelled_s
from ruach_studio.formation.usecases.open_node import OpenNode
from ruach_studio.formation.usecases.write_fact import Fact, local_day, offset_minutes, write_fact
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


def completion(opened: OpenNode, counted: DwellState, *, at: datetime) -> Fact | None:
    """Return `section_completed`, or None if it stands and was not read again on a new day. Raises NotDwelledEnough."""
    node, journey = opened.node, opened.journey
    path_id = journey.enrollment.path_id
    dwell_s = dwelled_s(counted, journey.state, path_id, node.node_id)
    if node.node_id in journey.state.sections_completed or node.node_id in journey.evidence.completed:
        today = local_day(journey.enrollment.time_zone, at)
        read_s = day_s(counted, journey.state, path_id, node.node_id, today)
        if today in journey.state.active_days.get(node.phase, frozenset()) or read_s < max(1, node.min_dwell_s):
            return None
    else:
        check_dwell(opened, dwell_s)
    return (
        "section_completed", node.node_id,
        {"sectionId": node.node_id, "phase": node.phase, "totalDwellTimeSeconds": dwell_s,
         "utcOffsetMinutes": offset_minutes(journey.enrollment.time_zone, at)},
    )  # fmt: skip


async def complete_section(
    services: FormationServices, tx: AsyncConnection, opened: OpenNode, counted: DwellState, *, at: datetime
) -> bool:
    """Write what `completion` returns, if anything; return whether it was written. Raises NotDwelledEnough."""
    fact = completion(opened, counted, at=at)
    if fact is None:
        return False
    done = await write_fact(services, tx, opened.journey.enrollment, *fact, at=at, project=False)
    return done.version is not None
