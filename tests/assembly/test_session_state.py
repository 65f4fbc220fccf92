"""A session's way: every step forward, the ways back, and what is refused."""

import pytest

from ruach_studio.assembly.session_state import STATES, SessionStateConflict, after


def test_the_way_from_draft_to_archived():
    state, way = "draft", ["draft"]
    for happening in ("asset-added", "sync-started", "sync-finished", "sync-accepted", "assembled", "edl-locked",
                      "render-published", "archived"):  # fmt: skip
        state = after(state, happening)
        way.append(state)
    assert tuple(way) == STATES


@pytest.mark.parametrize(
    ("state", "happening", "then"),
    [
        ("syncing", "sync-failed", "ingesting"),
        ("synced", "asset-added", "ingesting"),
        ("editing", "sync-started", "syncing"),
        ("editing", "sync-accepted", "synced"),
        ("published", "assembled", "editing"),
        ("published", "render-published", "published"),
    ],
)
def test_the_ways_back(state, happening, then):
    assert after(state, happening) == then


@pytest.mark.parametrize(
    ("state", "happening"),
    [
        ("draft", "sync-started"), ("syncing", "asset-added"), ("syncing", "sync-started"), ("ingesting", "assembled"),
        ("draft", "edl-locked"), ("archived", "assembled"), ("archived", "archived"), ("syncing", "archived"),
    ],
)  # fmt: skip
def test_what_is_refused(state, happening):
    with pytest.raises(SessionStateConflict) as caught:
        after(state, happening)
    assert caught.value.status == 409
    assert state in caught.value.fact
