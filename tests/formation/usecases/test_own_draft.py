"""A member's own draft is no copy after their step was renamed or merged; a text of another step still is one."""

from dataclasses import replace

import pytest

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.migrate_enrollment import migrate_enrollment

from .conftest import USER
from .recovery import asked

MERGED = {"c1": {"kind": "merge", "to": ["c1b"]}, "c2": {"kind": "merge", "to": ["c1b"]}}


@pytest.fixture
def small_graph(make_node):
    """A checkpoint that no draft passes."""
    return Graph(1, (
        make_node("s1", 1, min_dwell_s=30), make_node("c2", 2, kind="checkpoint", prerequisites=("s1",)),
        make_node("c1", 3, kind="checkpoint", prerequisites=("s1",), pass_quality=1000),
        make_node("s2", 4, 2, prerequisites=("c1",)),
    ))  # fmt: skip


@pytest.mark.parametrize(("fates", "copied"), [
    ({"c1": {"kind": "renamed", "to": ["c1b"]}}, False), (MERGED, False), ({}, True),
])  # fmt: skip
async def test_a_draft_under_the_old_name_is_ones_own(
    services, database, member, read_section, small_graph, make_node, good, clock, fates, copied
):
    await read_section()
    draft = f"{good} And I wrote that in the kitchen."
    await attempt_checkpoint(services, USER, "c1", draft)
    clock.later(days=2)
    s1, c2, c1, s2 = small_graph.nodes
    old = [replace(each, deprecated=each.node_id in fates) for each in (c2, c1)]
    new = make_node("c1b", 5, kind="checkpoint", prerequisites=("s1",))
    graph = Graph(2, (s1, *old, replace(s2, prerequisites=("c1b",)), new))
    async with database.transaction() as tx:
        await graphs.insert_version(
            tx, graph, actor="test", at=clock.now(), reason="a test", content_hash="0" * 64,
            mapping={"from": 1, "nodes": fates},
        )  # fmt: skip
        await migrate_enrollment(services, tx, member.enrollment_id, 2, asked(clock))
    opinion = (await attempt_checkpoint(services, USER, "c1b", good)).opinion
    assert (opinion.is_regurgitation, opinion.quality == 0) == (copied, copied)
