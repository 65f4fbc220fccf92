"""Turn an accepted sync into a draft EDL: energy, angles, cuts; saved with its decisions and announced, all or nothing.

Idempotent on session and sync version: a second run returns the draft that the first one made, whatever its options
(trying other settings is `preview_edl.py`). Cuts that an operator locked in the newest version stay. The energy is kept as
files, so that decisions can be made again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.edl import CanonicalEDL, EdlReport, validate_edl
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.session_state import SessionStateConflict, after
from ruach_studio.assembly.store import edls, sessions, syncs
from ruach_studio.assembly.store.sessions import AssetRow, SessionRow
from ruach_studio.assembly.store.syncs import EnergyRow
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.assembly.usecases.decide import Decided, DraftOptions, decide, measure
from ruach_studio.assembly.usecases.footage import hear
from ruach_studio.assembly.usecases.hearing import Hearing, follow
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.assembly.usecases.options import with_stored
from ruach_studio.events.assembly import EdlDraftCreated
from ruach_studio.infra.audit import DecisionEntry, record_decisions, record_transition
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.infra.tracing import span
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import RuachError


class DraftInvalid(RuachError):
    """The rules made an EDL that does not pass its own checks."""

    code = "draft_invalid"


@dataclass(frozen=True, slots=True)
class Assembled:
    """A draft, and whether it was made just now."""

    edl: CanonicalEDL
    created: bool


async def assemble(
    services: AssemblyServices, session_id: str, *, options: DraftOptions | None = None, actor: str,
    hearing: Callable[[Hearing], None] | None = None,
) -> Assembled:  # fmt: skip
    """Return the draft for the session's accepted sync version, making it if it is not there.

    Raises SessionStateConflict (409) without an accepted sync, BadMedia (422) if a file is gone.
    """
    async with services.database.connection() as conn:
        session = await sessions.get(conn, session_id)
        after(session.state, "assembled")
        sync_version = synced_version(session)
        existing = await edls.auto_version(conn, auto_key(session_id, sync_version))
        if existing is not None:
            return Assembled(await edls.get(conn, session_id, existing), created=False)
        assets = await sessions.assets(conn, session_id)
        solution = (await syncs.get(conn, session_id, sync_version)).solution
    sources = SessionSources(tuple(asset.camera for asset in assets))
    with span("assembly.step hear"):
        tracks = await hear(sources, services.settings.data_dir / "scratch", follow(sources, hearing))
    with span("assembly.step measure"):
        matrices = await in_long_thread(measure, sources, tracks, solution)
    kept = await in_long_thread(energy_files.keep, services.settings.data_dir, session_id, sync_version, matrices)
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        existing = await edls.auto_version(tx, auto_key(session_id, sync_version))
        if existing is not None:  # somebody else was quicker
            return Assembled(await edls.get(tx, session_id, existing), created=False)
        if session.sync_version != sync_version:
            raise SessionStateConflict(
                "another sync was accepted meanwhile", subject=session_id, remedy="Assemble again.",
            )  # fmt: skip
        head = await edls.head(tx, session_id, lock=True)
        base = await edls.get(tx, session_id, head.version) if head else None
        chosen = await with_stored(tx, session_id, options or DraftOptions())
        decided = await in_long_thread(
            decide, session_id, sources, solution, matrices, chosen, sync_version=sync_version,
            version=head.version + 1 if head else 1, asset_ids=ids_of(assets), base=base,
        )  # fmt: skip
        await save_draft(tx, services, session, decided, kept, actor=actor, key=auto_key(session_id, sync_version))
    return Assembled(decided.edl, created=True)


async def save_draft(
    tx: AsyncConnection, services: AssemblyServices, session: SessionRow, decided: Decided, kept: list[EnergyRow], *,
    actor: str, key: str | None, note: str = "",
) -> None:  # fmt: skip
    """Save an automatic draft with its energy, its decisions, its states and its announcement, in `tx`."""
    edl, at = decided.edl, services.clock.now()
    checked(edl)
    await syncs.keep_energy(tx, session.session_id, edl.sync_version, kept, at=at)
    await edls.insert(tx, edl, author=actor, at=at, auto_key=key, note=note)
    await move_session(tx, services, session, "assembled", actor=actor, reason=note or f"EDL version {edl.version}")
    await record_transition(
        tx, entity="edl", entity_id=f"{session.session_id}:{edl.version}", from_state=None, to_state=edl.status, actor=actor,
        reason=note or "assembled",
    )  # fmt: skip
    event = EdlDraftCreated(session.session_id, edl.version, edl.sync_version, edl.rules_version, len(edl.program))
    await publish(tx, event)
    correlation_id = require_correlation_id()
    await record_decisions(
        tx,
        [
            DecisionEntry(DecisionResult(verdict, at, correlation_id), f"cut:{cut_id}", decided.plan.inputs)
            for cut_id, verdict in decided.decisions
        ],
    )


def checked(edl: CanonicalEDL) -> EdlReport:
    """Return the EDL's report. Raises DraftInvalid if it has an error."""
    report = validate_edl(edl)
    if not report.ok:
        raise DraftInvalid(report.errors[0].message, subject=edl.session_id, remedy="Report this with the session's export.")
    return report


def auto_key(session_id: str, sync_version: int) -> str:
    """Return the idempotency key of the automatic draft: session and sync version."""
    return f"{session_id}+{sync_version}"


def synced_version(session: SessionRow) -> int:
    """Return the accepted sync version. Raises SessionStateConflict without one."""
    if session.sync_version is None:
        raise SessionStateConflict("no sync is accepted", subject=session.session_id, remedy="Approve the sync first.")
    return session.sync_version


def ids_of(assets: list[AssetRow]) -> dict[str, str]:
    """Return the asset id of each camera."""
    return {asset.camera.camera_id: asset.asset_id for asset in assets}
