"""Turn a bad stretch of an EDL into a new draft: the pipeline runs again from the accepted sync, for that range.

The recovery command `assembly.replay(sessionId, fromOffset, toOffset, reason)`: energy is measured anew from the footage
(a damaged energy file is thereby mended), angles are chosen anew, and only the cuts inside the range are taken over. Cuts
outside, and locked ones anywhere, stay to the byte. A dry run says what would come out and writes nothing.
"""

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.edl_diff import EdlDiff, diff
from ruach_studio.assembly.edl_splice import frames_of, splice
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.session_state import after
from ruach_studio.assembly.store import edls, sessions, syncs
from ruach_studio.assembly.store.edls import EdlNotFound
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.assembly.usecases.assemble import checked, ids_of, save_draft, synced_version
from ruach_studio.assembly.usecases.decide import DraftOptions, decide, measure
from ruach_studio.assembly.usecases.footage import hear
from ruach_studio.assembly.usecases.options import with_stored
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import BadInput


@dataclass(frozen=True, slots=True)
class Replayed:
    """The new draft (not saved, if it was a dry run) and what it changes of the version before."""

    edl: CanonicalEDL
    changes: EdlDiff


async def replay_assembly(
    services: AssemblyServices, session_id: str, *, from_ms: float, to_ms: float, reason: str, actor: str,
    options: DraftOptions | None = None, dry_run: bool = False,
) -> Replayed:  # fmt: skip
    """Save (unless `dry_run`) and return a new draft whose cuts between `from_ms` and `to_ms` (master time) were made anew.

    Raises BadInput (422) without a reason or for a bad range, EdlNotFound (404), SessionStateConflict (409).
    """
    if not reason.strip():
        raise BadInput("a recovery command needs a reason", subject="reason", remedy="Say why, for the audit.")
    async with services.database.connection() as conn:
        session = await sessions.get(conn, session_id)
        after(session.state, "assembled")
        sync_version = synced_version(session)
        assets = await sessions.assets(conn, session_id)
        solution = (await syncs.get(conn, session_id, sync_version)).solution
        frames_of(await _newest(conn, session_id), from_ms, to_ms)  # said before all footage is heard
    sources = SessionSources(tuple(asset.camera for asset in assets))
    tracks = await hear(sources, services.settings.data_dir / "scratch")
    matrices = await in_long_thread(measure, sources, tracks, solution)
    kept = (
        []
        if dry_run
        else await in_long_thread(energy_files.keep, services.settings.data_dir, session_id, sync_version, matrices)
    )
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=not dry_run)
        base = await _newest(tx, session_id, lock=not dry_run)
        chosen = await with_stored(tx, session_id, options or DraftOptions())
        decided = await in_long_thread(
            decide, session_id, sources, solution, matrices, chosen, sync_version=sync_version,
            version=base.version + 1, asset_ids=ids_of(assets),
        )  # fmt: skip
        low, high = frames_of(base, from_ms, to_ms)
        edl = replace(splice(base, decided.edl, low, high), parent_version=base.version)
        edl = replace(edl, options={**edl.options, "replayed": _replayed(base, edl, low, high)})
        checked(edl)
        taken = {cut.id for cut in edl.program} - {cut.id for cut in base.program if cut in edl.program}
        decisions = tuple((cut_id, verdict) for cut_id, verdict in decided.decisions if cut_id in taken)
        if not dry_run:
            note = f"replayed {from_ms:g} to {to_ms:g} ms: {reason}"
            spliced = replace(decided, edl=edl, decisions=decisions)
            await save_draft(tx, services, session, spliced, kept, actor=actor, key=None, note=note)
    return Replayed(edl, diff(base, edl))


async def _newest(conn: AsyncConnection, session_id: str, *, lock: bool = False) -> CanonicalEDL:
    head = await edls.head(conn, session_id, lock=lock)
    if head is None:
        raise EdlNotFound("there is nothing to replay yet", subject=session_id, remedy="Assemble the session first.")
    return await edls.get(conn, session_id, head.version)


def _replayed(base: CanonicalEDL, edl: CanonicalEDL, low: int, high: int) -> list[object]:
    """Return the list of ranges that were made anew, newest last; outside them the options of the time before hold."""
    before = base.options.get("replayed")
    told = {
        "fromFrame": low, "toFrame": high, "rulesVersion": edl.rules_version,
        "outside": {"rulesVersion": base.rules_version, "inputsHash": base.options.get("inputsHash")},
    }  # fmt: skip
    return [*(before if isinstance(before, list) else ()), told]
