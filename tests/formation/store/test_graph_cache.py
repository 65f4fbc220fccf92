"""A published version never changes, so one process reads it once."""

import asyncio

from ruach_studio.formation.store import graphs
from ruach_studio.formation.store.graphs import GraphCache


async def test_a_graph_is_read_once_however_many_ask(database, publish, walk_graph, monkeypatch):
    await publish(walk_graph)
    reads = []

    async def counted(conn, path_id, version):
        reads.append(version)
        return await read_version(conn, path_id, version)

    read_version = graphs.read_version
    monkeypatch.setattr(graphs, "read_version", counted)
    cache = GraphCache()

    async def ask():
        async with database.connection() as conn:
            return await cache.get(conn, "ruach", 4)

    found = await asyncio.gather(*(ask() for _ in range(6)))
    assert (reads, {id(graph) for graph in found}) == ([4], {id(found[0])})
    assert not cache._reading
