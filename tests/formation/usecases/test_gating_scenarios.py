"""Five gating scenarios through the whole shell: each lock says what it lacks, and opens by exactly what it said."""

from dataclasses import replace

import pytest

from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.check_access import check_access
from ruach_studio.formation.usecases.migrate_enrollment import migrate_enrollment
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.formation.usecases.unblock_nodes import unblock_nodes

from .conftest import USER
from .recovery import ANNA, BEN, asked, damage

POOR = "The shop sells bread and milk and eggs near the old station by the river. " * 5


@pytest.fixture
def ask(services, ids):
    async def do(node_id):
        found = (await check_access(services, USER, node_id)).access
        return found.verdict.decision, [each.lack for each in found.deficits], found

    return do


async def test_1_a_prerequisite_opens_by_being_done(member, ask, read_section):
    decision, lacks, access = await ask("c1")
    assert (decision, lacks) == ("gated", ["prerequisite"])
    assert access.opening.acts == ("s1",)
    assert access.opening.text == "complete S1"
    await read_section()
    assert (await ask("c1"))[:2] == ("granted", [])


async def test_2_a_score_names_its_shortfall_and_what_would_fill_it(services, publish, small_graph, ids, clock, ask, good):
    """0.40 of awakening is asked: a checkpoint alone gives 0.35 and its day; the words say what is lacking most."""
    from ruach_studio.formation.usecases.beat_heart import beat_heart
    from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path

    nodes = [replace(n, prerequisites=("s1",), gate=ScoreGate(6000, "awakening")) if n.node_id == "s2" else n
             for n in small_graph.nodes]  # fmt: skip
    await publish(replace(small_graph, nodes=tuple(nodes)))
    await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True)
    for sequence in range(4):
        await beat_heart(services, USER, "tab", "s1", sequence)
        clock.later(seconds=10)
    clock.later(days=8)
    decision, lacks, access = await ask("s2")
    assert (decision, lacks) == ("gated", ["score"])
    (deficit,) = access.deficits
    assert (deficit.have, deficit.needed) == (2285, 6000)
    assert (
        "score 0.2285 in awakening, threshold 0.60, 0.3715 short; most is lacking in checkpoint passages 0 of 1"
        in deficit.words
    )
    assert access.opening.acts == ("c1", "r1")
    await attempt_checkpoint(services, USER, "c1", good)
    decision, _, access = await ask("s2")
    assert decision == "gated"
    assert access.opening.text.startswith("reflect on R1")


async def test_3_seven_days_are_not_bought_with_a_score(services, member, ask, read_section, good, other, clock):
    await read_section()
    await attempt_checkpoint(services, USER, "c1", good)
    await submit_reflection(services, USER, "r1", other)
    decision, lacks, access = await ask("s2")
    assert (decision, lacks) == ("gated", ["phase_minimum"])
    assert access.opening.text == "7 days to go"
    clock.later(days=5, hours=-4, seconds=-40)
    access = (await ask("s2"))[2]
    assert access.opening.text == "2 days 4 hours to go"
    clock.at = access.opens_at
    assert (await ask("s2"))[0] == "granted"


async def test_4_what_was_opened_stays_open_under_a_stricter_graph(
    services, member, small_graph, ask, read_section, project, clock
):
    await read_section()
    await project(member)
    assert (await ask("c1"))[0] == "granted"
    stricter = [replace(n, prerequisites=("s1", "r1")) if n.node_id == "c1" else n for n in small_graph.nodes]
    async with services.database.transaction() as tx:
        await graphs.insert_version(
            tx, Graph(2, tuple(stricter)), actor="test", at=clock.now(), reason="a test", content_hash="0" * 64, mapping={}
        )
    async with services.database.transaction() as tx:
        await migrate_enrollment(services, tx, member.enrollment_id, 2, asked(clock))
    decision, _, access = await ask("c1")
    assert decision == "granted"
    assert access.verdict.reasons == ("unlocked before; what was unlocked stays open",)


async def test_5_a_ghost_blocks_recoverably(services, database, member, ask, read_section, clock):
    await read_section()
    await damage(database, "DELETE FROM formation.dependency WHERE node_id = 'c1' AND version = 1")
    services.graphs._graphs.clear()  # as in a process that starts after the damage
    decision, lacks, access = await ask("s2")
    assert (decision, lacks[0], access.ghost) == ("gated", "ghost", True)
    assert "an operator repairs the path; your progress is kept" in access.verdict.reasons[-1]
    async with services.database.transaction() as tx:
        told = await unblock_nodes(
            services, tx, member.enrollment_id, asked(clock, by=ANNA), node_ids=["s2"], confirmed_by=BEN
        )
    assert told["nodeIds"] == ["s2"]
    assert (await ask("s2"))[0] == "granted"
