"""Published graphs are read once per process, and one is always there for the static list."""

import asyncio

from ruach_studio.formation.entrypoints.path_file import shipped_graphs
from ruach_studio.formation.graph import PHASES, Graph
from ruach_studio.formation.store import graphs
from ruach_studio.formation.store.graphs import GraphCache


def test_the_cache_gives_the_newest_it_has_read_else_the_shipped_one():
    old, new, shipped = Graph(1, ()), Graph(2, ()), Graph(9, (), "ruach")
    cache = GraphCache(lambda: [shipped])
    assert (cache.newest("ruach"), cache.newest("other")) == (shipped, None)
    cache._graphs["ruach", 2], cache._graphs["ruach", 1] = new, old
    assert cache.newest("ruach") is new


def test_the_path_that_ships_is_there_for_the_worst_day():
    (graph,) = shipped_graphs()
    assert (graph.path_id, graph.live_phases) == ("ruach", PHASES)
    assert GraphCache(shipped_graphs).newest("ruach") is graph


async def test_a_graph_is_read_once_however_many_ask(database, publish, walk_graph, monkeypatch):
    await publish(walk_graph)
    reads = []

    async def counted(conn, path_id, version):
        reads.append(version)
        return await read_version(conn, path_id, version)

    read_version = graphs.read_version
    monkeypatch.setattr(graphs, "read_version", counted)
    cache = GraphCache()
    cache.on_read = lambda: reads.append("settled")

    async def ask():
        async with database.connection() as conn:
            return await cache.get(conn, "ruach", 4)

    found = await asyncio.gather(*(ask() for _ in range(6)))
    assert (reads, {id(graph) for graph in found}) == ([4, "settled"], {id(found[0])})
    assert not cache._reading
