"""Turn a title and a description into a path, or into the new words of one that stands."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import drafts
from ruach_studio.formation.store.graphs import Path
from ruach_studio.infra.audit import record_transition


async def write_path(services: FormationServices, path_id: str, title: str, description: str, *, actor: str) -> Path:
    """Create the path, or rewrite its words. Members see them at once: a path's words belong to no version."""
    async with services.database.transaction() as tx:
        return await write_path_in(tx, Path(path_id, title, description, None, services.clock.now(), actor))


async def write_path_in(tx: AsyncConnection, path: Path) -> Path:
    """Do the same inside the caller's transaction, which then holds the path against all who save or publish."""
    new = await drafts.put_path(tx, path)
    await record_transition(
        tx, entity="formation-path", entity_id=path.path_id, from_state=None if new else "written", to_state="written",
        actor=path.created_by, reason=path.title,
    )  # fmt: skip
    return await drafts.lock_path(tx, path.path_id)
