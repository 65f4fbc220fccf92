"""An insight belongs to the path that its author walks: another path, named by parameter, shows nothing of it."""

from dataclasses import replace

import pytest

from ruach_studio.formation.store.insights import InsightNotFound
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.decide_insight import decide_insight
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.read_insights import list_published, read_insight
from ruach_studio.formation.usecases.submit_insight import submit_insight
from ruach_studio.formation.usecases.vote_on_insight import vote_on_insight

from .conftest import USER

READER = "b6a9ad0c-5c4d-4b52-8d1e-3a0c3f1f2a02"


async def test_whoever_went_far_on_another_path_reads_nothing_of_this_one(
    services, member, publish, small_graph, read_section, good
):
    await read_section()
    await attempt_checkpoint(services, USER, "c1", good)
    insight = (await submit_insight(services, USER, text="I saw it.")).insight
    for decision in ("approve", "publish"):
        await decide_insight(services, insight.insight_id, decision, account_id="boss", actor="test", reason="it helps")
    await publish(replace(small_graph, path_id="easy"))
    await enroll_in_formation_path(services, READER, covenant="formation_journey", acknowledged_terms=True, path_id="easy")
    assert await list_published(services, READER, path_id="easy") == []
    with pytest.raises(InsightNotFound):
        await read_insight(services, READER, insight.insight_id, path_id="easy")
    with pytest.raises(InsightNotFound):
        await vote_on_insight(services, READER, insight.insight_id, "profound", path_id="easy")
    assert (await read_insight(services, USER, insight.insight_id, path_id="easy")).mine
    assert [each.mine for each in await list_published(services, USER)] == [True]
