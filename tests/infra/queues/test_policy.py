"""The queue table is the specification's, to the letter."""

import pytest

from ruach_studio.infra.queues.policy import QUEUES, UnknownQueue, policy_of


def test_the_table_is_the_specifications():
    table = [(each.name, each.pillar, each.dlq, each.ladder_s) for each in QUEUES]
    assert table == [
        ("assembly-jobs", "assembly", "assembly-jobs-dlq", (1, 4, 16)),
        ("render-jobs", "render", "render-jobs-dlq", (5, 30, 120)),
        ("media-transcoding", "render", "media-transcoding-dlq", (10, 30)),
        ("formation-state", "formation", "formation-state-dlq", (1, 2, 4, 8, 16)),
    ]


def test_concurrency_is_the_specifications():
    limits = {each.name: each.concurrency for each in QUEUES}
    assert limits["render-jobs"] == 3
    assert limits["media-transcoding"] == 2
    assert limits["formation-state"] == 10


def test_a_ladder_of_three_means_four_runs():
    render = policy_of("render-jobs")
    assert [render.delay_after(attempt) for attempt in (1, 2, 3, 4)] == [5, 30, 120, None]


def test_only_render_jobs_bear_the_render_job_id():
    assert [each.name for each in QUEUES if each.carries_render_job_id] == ["render-jobs"]


def test_an_unknown_queue_is_refused_by_name():
    with pytest.raises(UnknownQueue, match="renders"):
        policy_of("renders")
