"""The SQL of what operators write before it is published: paths, their drafts, and the numbers that nodes were given.

Whoever saves or publishes locks the path first, so that a revision or a version is never given twice. The lock does not
hold up enrollments.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.authoring import Authored, Merge
from ruach_studio.formation.store.graphs import Path, PathNotFound, node_of, row_of
from ruach_studio.formation.store.tables import GRAPH_DRAFT, NODE_REGISTRY, PATH, PIECE


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft of a path. `revision` rises with every save and every publishing."""

    path_id: str
    revision: int
    authored: Authored
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class Version:
    """A published version without its nodes. `mapping`: see authoring.py."""

    path_id: str
    version: int
    published_at: datetime
    published_by: str
    reason: str
    content_hash: str
    mapping: Mapping[str, Any]
    nodes: int = 0


async def lock_path(tx: AsyncConnection, path_id: str) -> Path:
    """Return a path, locked until the transaction ends against all who save or publish. Raises PathNotFound."""
    # FOR NO KEY UPDATE: an enrollment's foreign key to the path does not wait for it
    statement = sa.select(PATH).where(PATH.c.path_id == path_id).with_for_update(key_share=True)
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise PathNotFound(subject=path_id, remedy="Create it: PUT /formation-dependency/{pathId}.")
    return Path(**row._mapping)


async def put_path(tx: AsyncConnection, path: Path) -> bool:
    """Create a path, or give the one that stands another title and description; True if it is new."""
    values: dict[str, Any] = {name: getattr(path, name) for name in Path.__slots__}
    statement = pg_insert(PATH).values(values)
    words = {"title": statement.excluded.title, "description": statement.excluded.description}
    upsert = statement.on_conflict_do_update(index_elements=[PATH.c.path_id], set_=words)
    return bool(await tx.scalar(upsert.returning(sa.literal_column("xmax = 0"))))


async def paths(conn: AsyncConnection) -> list[tuple[Path, int]]:
    """Return every path with its draft's revision (0: none), by id."""
    revision = sa.func.coalesce(GRAPH_DRAFT.c.revision, 0).label("revision")
    joined = PATH.outerjoin(GRAPH_DRAFT, GRAPH_DRAFT.c.path_id == PATH.c.path_id)
    rows = await conn.execute(sa.select(*PATH.c, revision).select_from(joined).order_by(PATH.c.path_id))
    return [(Path(**{name: getattr(row, name) for name in Path.__slots__}), row.revision) for row in rows]


async def registry(conn: AsyncConnection, path_id: str) -> dict[str, int]:
    """Return the ordinal of every node that the path ever published, by id."""
    statement = sa.select(NODE_REGISTRY.c.node_id, NODE_REGISTRY.c.ordinal).where(NODE_REGISTRY.c.path_id == path_id)
    return {row.node_id: row.ordinal for row in await conn.execute(statement)}


async def get(conn: AsyncConnection, path_id: str) -> Draft | None:
    """Return the draft of a path, or None."""
    row = (await conn.execute(sa.select(GRAPH_DRAFT).where(GRAPH_DRAFT.c.path_id == path_id))).one_or_none()
    if row is None:
        return None
    merges = {into: Merge(tuple(each["from"]), each["need"]) for into, each in row.mapping.get("merges", {}).items()}
    renames = {name: tuple(heirs) for name, heirs in row.mapping.get("renames", {}).items()}
    authored = Authored(tuple(node_of(each) for each in row.nodes), renames, merges)
    return Draft(row.path_id, row.revision, authored, row.updated_at, row.updated_by)


async def put(tx: AsyncConnection, draft: Draft) -> None:
    """Write the draft, whatever stood there."""
    authored = draft.authored
    values = {
        "path_id": draft.path_id, "revision": draft.revision, "updated_at": draft.updated_at,
        "updated_by": draft.updated_by, "nodes": [row_of(draft.path_id, 0, node) for node in authored.nodes],
        "mapping": {
            "renames": {name: list(heirs) for name, heirs in authored.renames.items()},
            "merges": {into: {"from": list(each.parts), "need": each.need} for into, each in authored.merges.items()},
        },
    }  # fmt: skip
    statement = pg_insert(GRAPH_DRAFT).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "path_id"}
    await tx.execute(statement.on_conflict_do_update(index_elements=[GRAPH_DRAFT.c.path_id], set_=changed))


async def versions(conn: AsyncConnection, path_id: str) -> list[Version]:
    """Return the published versions of a path, the newest first. Raises PathNotFound."""
    if await conn.scalar(sa.select(PATH.c.path_id).where(PATH.c.path_id == path_id)) is None:
        raise PathNotFound(subject=path_id)
    rows = await conn.execute(
        sa.text(
            "SELECT v.*, (SELECT count(*) FROM formation.dependency d WHERE (d.path_id, d.version) = (v.path_id, v.version))"
            " AS nodes FROM formation.graph_version v WHERE v.path_id = :path_id ORDER BY v.version DESC"
        ),
        {"path_id": path_id},
    )
    return [Version(**row._mapping) for row in rows]


async def unknown_refs(conn: AsyncConnection, refs: Collection[str]) -> set[str]:
    """Return those of `refs` under which no piece stands."""
    wanted = sa.cast(sorted(refs), sa.ARRAY(sa.Text))
    found = await conn.scalars(sa.select(PIECE.c.content_ref).where(PIECE.c.content_ref == sa.any_(wanted)))
    return set(refs).difference(found)
