"""The SQL of published graphs: a version is read once per process, since it can never change."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.graph import Graph, Node, Phase, ScoreGate
from ruach_studio.formation.store.tables import DEPENDENCY, GRAPH_VERSION, NODE_REGISTRY, PATH
from ruach_studio.kernel.errors import NotFound

KEPT_GRAPHS = 16
LAST_VERSION = 2**31 - 1  # the column's integer


class PathNotFound(NotFound):
    """There is no such path."""

    code = "path_not_found"


class GraphVersionNotFound(NotFound):
    """This version of the path was never published."""

    code = "graph_version_not_found"


@dataclass(frozen=True, slots=True)
class Path:
    """A path and its newest version; None while none is published."""

    path_id: str
    title: str
    description: str
    current_version: int | None
    created_at: datetime
    created_by: str


async def get_path(conn: AsyncConnection, path_id: str) -> Path:
    """Return a path. Raises PathNotFound."""
    row = (await conn.execute(sa.select(PATH).where(PATH.c.path_id == path_id))).one_or_none()
    if row is None:
        raise PathNotFound(subject=path_id, remedy="Publish a graph for it first.")
    return Path(**row._mapping)


async def current_version(conn: AsyncConnection, path_id: str) -> int | None:
    """Return the newest published version of a path, None if there is none."""
    found: int | None = await conn.scalar(sa.select(PATH.c.current_version).where(PATH.c.path_id == path_id))
    return found


async def read_version(conn: AsyncConnection, path_id: str, version: int) -> Graph:
    """Return a published version with its nodes in ordinal order. Raises GraphVersionNotFound."""
    wanted = (GRAPH_VERSION.c.path_id == path_id) & (GRAPH_VERSION.c.version == version)
    if version > LAST_VERSION or await conn.scalar(sa.select(GRAPH_VERSION.c.version).where(wanted)) is None:
        raise GraphVersionNotFound(subject=f"{path_id} version {version}")
    rows = await conn.execute(
        sa.select(DEPENDENCY)
        .where((DEPENDENCY.c.path_id == path_id) & (DEPENDENCY.c.version == version))
        .order_by(DEPENDENCY.c.ordinal)
    )
    return Graph(version, tuple(node_of(row._mapping) for row in rows), path_id)


async def first_version_with(conn: AsyncConnection, path_id: str, node_id: str) -> int | None:
    """Return the first version of a path that has the node, None if none has."""
    wanted = (DEPENDENCY.c.path_id == path_id) & (DEPENDENCY.c.node_id == node_id)
    found: int | None = await conn.scalar(sa.select(sa.func.min(DEPENDENCY.c.version)).where(wanted))
    return found


async def insert_path(tx: AsyncConnection, path: Path) -> None:
    """Insert a path that has no version yet; one that exists stays as it is."""
    values: dict[str, Any] = {name: getattr(path, name) for name in Path.__slots__}
    await tx.execute(pg_insert(PATH).values(values).on_conflict_do_nothing())


async def insert_version(
    tx: AsyncConnection, graph: Graph, *, actor: str, at: datetime, reason: str, content_hash: str, mapping: dict[str, Any]
) -> None:
    """Insert a version with its nodes (their ordinals are registered here if they are new) and make it the current one."""
    registered = [
        {"path_id": graph.path_id, "node_id": node.node_id, "ordinal": node.ordinal, "kind": node.kind}
        for node in graph.nodes
    ]
    await tx.execute(pg_insert(NODE_REGISTRY).on_conflict_do_nothing(index_elements=["path_id", "node_id"]), registered)
    published = {"published_at": at, "published_by": actor, "reason": reason, "content_hash": content_hash}
    row = {"path_id": graph.path_id, "version": graph.version, "mapping": mapping, **published}
    await tx.execute(GRAPH_VERSION.insert().values(row))
    await tx.execute(DEPENDENCY.insert(), [row_of(graph.path_id, graph.version, node) for node in graph.nodes])
    await tx.execute(PATH.update().where(PATH.c.path_id == graph.path_id).values(current_version=graph.version))


def node_of(row: Any) -> Node:
    """Return the node of a `dependency` row."""
    book: dict[str, Any] = row["guidebook"]
    gate = None
    if row["minimum_score_bp"] is not None:
        gate = ScoreGate(row["minimum_score_bp"], cast(Phase, row["score_scope"]))
    return Node(
        node_id=row["node_id"], ordinal=row["ordinal"], phase=row["phase"], kind=row["kind"], title=row["title"],
        content_ref=row["content_ref"], description=row["description"], tags=frozenset(row["tags"]),
        prerequisites=tuple(row["prerequisites"]), gate=gate, min_dwell_s=row["minimum_dwell_s"],
        required=row["required"], deprecated=row["deprecated"], min_words=row["min_words"],
        pass_quality=row["pass_quality"], scope=book.get("scope"), node_type=book.get("nodeType"),
        checkpoint_type=book.get("checkpointType"), sensitivity=book.get("sensitivity"),
        axioms=tuple(book.get("axioms", ())),
    )  # fmt: skip


def row_of(path_id: str, version: int, node: Node) -> dict[str, Any]:
    """Return the `dependency` row of a node; `node_of` reads it back."""
    book = {
        "scope": node.scope, "nodeType": node.node_type, "checkpointType": node.checkpoint_type,
        "sensitivity": node.sensitivity, "axioms": list(node.axioms),
    }  # fmt: skip
    return {
        "path_id": path_id, "version": version, "node_id": node.node_id, "ordinal": node.ordinal, "phase": node.phase,
        "kind": node.kind, "title": node.title, "description": node.description, "content_ref": node.content_ref,
        "tags": sorted(node.tags), "prerequisites": list(node.prerequisites),
        "minimum_score_bp": node.gate.minimum_bp if node.gate else None,
        "score_scope": node.gate.scope if node.gate else None, "minimum_dwell_s": node.min_dwell_s,
        "min_words": node.min_words, "pass_quality": node.pass_quality, "required": node.required,
        "deprecated": node.deprecated, "guidebook": {name: value for name, value in book.items() if value},
    }  # fmt: skip


class GraphCache:
    """The graphs that were read last, at most KEPT_GRAPHS. A version is immutable, so nothing is ever stale."""

    def __init__(self, shipped: Callable[[], Sequence[Graph]] = tuple) -> None:
        """Take what reads the graphs that ship with the program: the static list shows them until another was read.

        `on_read` is called after each version that was read: a service has the collector leave it alone.
        """
        self.on_read: Callable[[], None] | None = None
        self._graphs: OrderedDict[tuple[str, int], Graph] = OrderedDict()
        self._reading: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._shipped = shipped

    async def get(self, conn: AsyncConnection, path_id: str, version: int) -> Graph:
        """Return a published version. Raises GraphVersionNotFound."""
        key = (path_id, version)
        if key not in self._graphs:
            async with self._reading[key]:  # whoever asks meanwhile waits: a large graph is not read twenty times at once
                if key not in self._graphs:
                    self._graphs[key] = await read_version(conn, path_id, version)
                    if self.on_read is not None:
                        self.on_read()
            self._reading.pop(key, None)
            if len(self._graphs) > KEPT_GRAPHS:
                self._graphs.popitem(last=False)
        self._graphs.move_to_end(key)
        return self._graphs[key]

    def newest(self, path_id: str) -> Graph | None:
        """Return the newest version of a path that is kept here, else the shipped one; asks no database (static list)."""
        kept = [graph for (path, _), graph in self._graphs.items() if path == path_id]
        if not kept:
            kept = [graph for graph in self._shipped() if graph.path_id == path_id]
        return max(kept, key=lambda graph: graph.version, default=None)
