"""A path file is published with its pieces or not at all; the sample path is installed once."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.entrypoints.path_file import read_path_file, sample_file
from ruach_studio.formation.store import pieces
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.examine_graph import GraphRefused
from ruach_studio.formation.usecases.install_sample_path import install_sample_path
from ruach_studio.formation.usecases.publish_path_file import GraphMoved, PathFile, publish_path_file
from ruach_studio.formation.usecases.publish_version import NothingNew
from ruach_studio.formation.usecases.read_graph import read_graph

ME, YOU = "session:me", "session:you"


async def count(database, table):
    async with database.connection() as conn:
        return await conn.scalar(sa.text(f"SELECT count(*) FROM formation.{table}"))  # noqa: S608


async def test_the_sample_path_is_installed_once(services, database, ids):
    sample = read_path_file(sample_file())
    done = await asyncio.gather(*(install_sample_path(services, sample, actor=ME) for _ in range(3)))
    assert done == [1, 1, 1]
    assert await install_sample_path(services, sample, actor=YOU) == 1
    assert [await count(database, table) for table in ("graph_version", "dependency", "piece")] == [1, 28, 28]
    graph = await read_graph(services, "ruach")
    assert graph.by_id["authority-reset"].min_dwell_s == 240
    with pytest.raises(NothingNew):
        await publish_path_file(services, sample, expected_version=1, reason="again", actor=ME)


async def test_a_file_is_published_with_its_pieces_or_not_at_all(services, database, ids, nodes):
    words = tuple(Piece(f"content/{name}", name, body="words") for name in "abcd")
    file = PathFile("other", "Another way", "", Authored(nodes), words)

    async def publish(path, version, reason="first"):
        return await publish_path_file(services, path, expected_version=version, reason=reason, actor=ME)

    with pytest.raises(GraphRefused):
        await publish(replace(file, pieces=words[:2]), None)
    assert await count(database, "path") == await count(database, "piece") == 0
    done = await publish(file, None)
    assert (done.graph.version, done.new, done.pieces) == (1, True, 4)
    with pytest.raises(GraphMoved) as moved:
        await publish(file, None)
    assert moved.value.details == {"yourVersion": None, "currentVersion": 1}
    with pytest.raises(NothingNew):
        await publish(file, 1)
    again = await publish(replace(file, pieces=(replace(words[0], body="better words"),)), 1)
    assert (again.graph.version, again.new, again.pieces) == (1, False, 1)
    async with database.connection() as conn:
        assert (await pieces.get(conn, "content/a")).body == "better words"
