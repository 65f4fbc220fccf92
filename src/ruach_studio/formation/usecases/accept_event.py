"""Turn what a client may report of its member into journal events: steps onto nodes, a section's end, a look at an axiom.

A client reports that something happens, never how long or how well: times, dwell and completion are the server's. All other
event types are written by the server alone and refused here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.journal import EVENT_TYPES
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import dwell
from ruach_studio.formation.store.journal import DuplicateEvent
from ruach_studio.formation.usecases.complete_section import completion
from ruach_studio.formation.usecases.dwell_places import dwelled_s
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, load_journey
from ruach_studio.formation.usecases.open_node import (
    NotEnrolled,
    NotTracked,
    OpenNode,
    access_entry,
    open_node,
    refusals_recorded,
)
from ruach_studio.formation.usecases.record_decided import Decided, record_decided
from ruach_studio.formation.usecases.touch_node import step_facts
from ruach_studio.formation.usecases.view_axiom import read_axiom
from ruach_studio.kernel.errors import BadInput, Forbidden

NODE_EVENTS = {"section_viewed": "section", "section_completed": "section", "checkpoint_reached": "checkpoint"}
CANON_EVENTS = ("canon_definition_viewed",)
# Elsewhere, or by the server alone. The remedy is what the client should do instead.
_INSTEAD = {
    "covenant_entered": "POST /formation-engine/enroll enters the covenant.",
    "checkpoint_completed": "POST /formation-engine/checkpoints/{id}/attempts is an attempt.",
    "reflection_submitted": "POST /formation-engine/reflections submits one.",
    "canon_axiom_cited": "A reflection that names an axiom which was read cites it.",
}


class NotYours(Forbidden):
    """Only the server writes this event."""

    code = "event_not_yours"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whether anything was written (a repeat of what stands is not), and the enrollment it is written for."""

    recorded: bool
    enrollment_id: str


async def accept_event(
    services: FormationServices, user_id: str, event_type: str, content_id: str, data: Mapping[str, Any] | None = None, *,
    path_id: str = DEFAULT_PATH,
) -> Accepted:  # fmt: skip
    """Record one reported event of the user. Raises NotYours, BadInput, NotEnrolled, NotTracked, Gated, NotDwelledEnough,
    DuplicateEvent (the same less than a second ago)."""
    _check(event_type, content_id, data)
    now = services.clock.now()

    async def decide(conn: AsyncConnection) -> Decided[None]:
        if event_type in CANON_EVENTS:
            return await _canon(services, conn, user_id, content_id, path_id, now)
        opened = await open_node(
            services, conn, user_id, content_id, path_id=path_id, at=now, kinds=(NODE_EVENTS[event_type],)
        )
        return await _node(conn, opened, event_type, now)

    async with refusals_recorded(services):
        decided, wrote = await record_decided(services, user_id, decide, at=now)
    if event_type == "section_viewed" and not wrote:
        raise DuplicateEvent(subject=content_id, remedy="Nothing to do: it stands.")
    return Accepted(wrote, decided.journey.enrollment.enrollment_id)


async def _node(conn: AsyncConnection, opened: OpenNode, event_type: str, now: datetime) -> Decided[None]:
    counted = await dwell.get(conn, opened.journey.enrollment.user_id)
    journey = opened.journey
    dwell_s = dwelled_s(counted, journey.state, journey.enrollment.path_id, opened.node.node_id)
    if event_type == "section_completed":
        fact = completion(opened, counted, at=now)
        facts = [] if fact is None else [fact]
    else:
        facts = step_facts(opened, dwell_s=dwell_s)
    return Decided(None, opened.journey, facts, [access_entry(opened, now)])


async def _canon(
    services: FormationServices, conn: AsyncConnection, user_id: str, axiom_id: str, path_id: str, now: datetime
) -> Decided[None]:
    journey = await load_journey(services, conn, user_id, path_id=path_id)
    if journey is None:
        raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
    if journey.state.covenant != "formation_journey":
        raise NotTracked(subject=path_id, remedy="Enter the formation journey to keep your progress.")
    viewed = await read_axiom(conn, journey, axiom_id, at=now)
    return Decided(None, viewed.journey, viewed.facts, viewed.decisions)


def _check(event_type: str, content_id: str, data: Mapping[str, Any] | None) -> None:
    if event_type not in EVENT_TYPES:
        raise BadInput(f"{event_type[:64]!r} is not one of the 17 journal event types", subject="eventType",
                       remedy="See docs/reference/formation-events.md for the list.")  # fmt: skip
    if event_type not in NODE_EVENTS and event_type not in CANON_EVENTS:
        mine = ", ".join((*NODE_EVENTS, *CANON_EVENTS))
        raise NotYours(subject=event_type, remedy=_INSTEAD.get(event_type, f"A client may report {mine}."))
    if not content_id:
        raise BadInput("it is empty", subject="contentId", remedy="Name the step or the axiom that it is about.")
    if data:
        raise BadInput(f"{event_type} takes no data: the server measures", subject="data", remedy="Leave it out.")
