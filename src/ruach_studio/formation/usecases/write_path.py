"""Turn a title and a description into a path, or into the new words of one that stands."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import drafts
from ruach_studio.formation.store.graphs import Path
from ruach_studio.infra.audit import record_transition


async def write_path(services: FormationServices, path_id: str, title: str, description: str, *, actor: str) -> Path:
    """Create the path, or rewrite its words. Members see them at once: a path's words belong to no version."""
    path = Path(path_id, title, description, None, services.clock.now(), actor)
    async with services.database.transaction() as tx:
        stands, new = await put_path_in(tx, path)
        await note_path(tx, path, new=new)
        return stands


async def put_path_in(tx: AsyncConnection, path: Path) -> tuple[Path, bool]:
    """Do the same inside the caller's transaction, which then holds the path against all who save or publish.

    Return the path as it stands and whether it is new; the caller notes it at its end.
    """
    new = await drafts.put_path(tx, path)
    return await drafts.lock_path(tx, path.path_id), new


async def note_path(tx: AsyncConnection, path: Path, *, new: bool) -> None:
    """Record the path's words. Last in the transaction: the audit is locked until it ends."""
    await record_transition(
        tx, entity="formation-path", entity_id=path.path_id, from_state=None if new else "written", to_state="written",
        actor=path.created_by, reason=path.title,
    )  # fmt: skip
