"""Turn formation's two recovery commands into entries of the registry: `formation.repair` and `formation.migrate`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import UUID4, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.close_dead_letters import close_dead_letters
from ruach_studio.formation.usecases.examine_enrollment import Asked
from ruach_studio.formation.usecases.migrate_enrollment import migrate_enrollment
from ruach_studio.formation.usecases.rebuild_projection import rebuild_projection
from ruach_studio.formation.usecases.reset_score import reset_score
from ruach_studio.formation.usecases.unblock_nodes import shut_nodes, unblock_nodes
from ruach_studio.infra.commands import Call, Command
from ruach_studio.infra.context import bind

MOST_NAMED = 200
NodeId = Annotated[str, Field(min_length=1, max_length=128)]


class RepairParams(Wire):
    """`nodeIds`: what to unblock (default: what is gated or waits for a ghost); `voidEventIds`: bad events to void."""

    enrollment_id: UUID4
    strategy: Literal["replay", "reset-score", "unblock"]
    node_ids: list[NodeId] | None = Field(default=None, min_length=1, max_length=MOST_NAMED)
    void_event_ids: list[UUID4] | None = Field(default=None, min_length=1, max_length=MOST_NAMED)

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.node_ids and self.strategy != "unblock":
            raise ValueError("nodeIds go with the strategy unblock only")
        if self.void_event_ids and self.strategy != "reset-score":
            raise ValueError("voidEventIds go with the strategy reset-score only")
        return self


class MigrateParams(Wire):
    """`mapping`: what an unmappable node goes on as, {old: [new, …]}; [] keeps it as history only."""

    enrollment_id: UUID4
    to_graph_version: int = Field(ge=1)
    mapping: dict[NodeId, Annotated[list[NodeId], Field(max_length=MOST_NAMED)]] | None = Field(
        default=None, min_length=1, max_length=MOST_NAMED
    )


def commands(services: FormationServices) -> list[Command[Any]]:
    """Return the commands with what runs them."""

    async def repair(tx: AsyncConnection, call: Call[RepairParams]) -> Mapping[str, Any]:
        params, asked = call.params, _asked(call)
        enrollment_id = str(params.enrollment_id)
        with bind(enrollment_id=enrollment_id):
            if params.strategy == "replay":
                answer = await rebuild_projection(services, tx, enrollment_id, asked)
                return answer | await close_dead_letters(services, tx, enrollment_id, asked, strategy="replay")
            if params.strategy == "reset-score":
                void = [str(each) for each in params.void_event_ids or ()]
                answer = await reset_score(services, tx, enrollment_id, asked, void=void)
                return answer | await close_dead_letters(services, tx, enrollment_id, asked, strategy="reset-score")
            return await unblock_nodes(
                services, tx, enrollment_id, asked, node_ids=params.node_ids or (), confirmed_by=call.confirmed_by
            )

    async def settle(conn: AsyncConnection, call: Call[RepairParams]) -> RepairParams:
        """Name the nodes that an unblock is about, so that the second operator confirms these and no others."""
        params = call.params
        if params.strategy != "unblock" or params.node_ids:
            return params
        found = await shut_nodes(services, conn, str(params.enrollment_id), _asked(call))
        return params.model_copy(update={"node_ids": list(found[:MOST_NAMED])})

    async def migrate(tx: AsyncConnection, call: Call[MigrateParams]) -> Mapping[str, Any]:
        params = call.params
        with bind(enrollment_id=str(params.enrollment_id)):
            return await migrate_enrollment(
                services, tx, str(params.enrollment_id), params.to_graph_version, _asked(call), mapping=params.mapping
            )

    return [
        Command(
            name="formation.repair", pillar="formation",
            when_to_use="Ghost state, corrupted score, missing events",
            side_effects="replay: rebuilds the projection from the journal; reset-score: recalculates from raw data, and"
            " voids bad events that are named; unblock: opens gated nodes for good. All logged.",
            params=RepairParams, atomic=repair, settle=settle, supports_dry_run=True,
            needs_second_operator=lambda params: params.strategy == "unblock",
            second_operator_when="the strategy is unblock: a different operator confirms within 24 hours",
        ),
        Command(
            name="formation.migrate", pillar="formation",
            when_to_use="A member needs to move to a newer graph version",
            side_effects="Maps what was done to the new graph; flags what cannot be mapped for manual resolution.",
            params=MigrateParams, atomic=migrate, supports_dry_run=True,
        ),
    ]  # fmt: skip


def _asked(call: Call[Any]) -> Asked:
    return Asked(call.requested_by, call.actor, call.reason, call.at, call.dry_run)
