"""Turn assembly's recovery command into an entry of the registry: `assembly.replay`."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ruach_studio.assembly.entrypoints.wire import Wire
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.usecases.replay_assembly import replay_assembly
from ruach_studio.infra.commands import Call, Command


class ReplayParams(Wire):
    """The session, and the stretch of it in milliseconds of master time."""

    session_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    from_offset: float = Field(ge=0)
    to_offset: float = Field(gt=0)


def commands(services: AssemblyServices) -> list[Command[Any]]:
    """Return the command with what runs it; the use case keeps its own transactions."""

    async def replay(call: Call[ReplayParams]) -> Mapping[str, Any]:
        params = call.params
        made = await replay_assembly(
            services, params.session_id, from_ms=params.from_offset, to_ms=params.to_offset, reason=call.reason,
            actor=call.actor, dry_run=call.dry_run,
        )  # fmt: skip
        edl, changes = made.edl, made.changes
        return {
            "sessionId": edl.session_id, "version": edl.version, "status": edl.status, **edl.metrics(),
            "cutsAdded": len(changes.added), "cutsRemoved": len(changes.removed), "cutsChanged": len(changes.changed),
            "framesThatDiffer": changes.changed_frames,
        }  # fmt: skip

    return [
        Command(
            "assembly.replay", "assembly", "Energy analysis or angle selection produced bad results",
            "Runs the pipeline again from the accepted sync for the time range; makes a new draft EDL.", ReplayParams,
            stepwise=replay, supports_dry_run=True,
        )
    ]  # fmt: skip
