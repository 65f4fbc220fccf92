"""The journal takes the 17 types, whole, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ruach_studio.formation.journal import EVENT_TYPES, PAYLOADS, JournalEvent, checked
from ruach_studio.kernel.errors import BadInput

VIEWED = JournalEvent(
    "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01", "7", "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b02", "section_viewed", "s1",
    datetime(2026, 3, 1, tzinfo=UTC), {"sectionId": "s1", "phase": "awakening", "dwellTimeSeconds": 12},
)  # fmt: skip


def test_there_are_exactly_seventeen():
    assert len(EVENT_TYPES) == 17
    assert "checkpoint_passed" not in EVENT_TYPES  # the other list of an earlier system


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_each_type_takes_its_payload_and_names_what_is_missing(event_type):
    required, optional = PAYLOADS[event_type]
    whole = replace(VIEWED, event_type=event_type, data=dict.fromkeys(required | optional, 1))
    assert checked(whole) is whole
    one = sorted(required)[0]
    with pytest.raises(BadInput, match=f"lacks {one}"):
        checked(replace(whole, data={k: 1 for k in required if k != one}))


def test_an_unknown_field_is_named():
    with pytest.raises(BadInput, match="unknown mood"):
        checked(replace(VIEWED, data={**VIEWED.data, "mood": 1}))


def test_an_unknown_type_is_refused():
    with pytest.raises(BadInput, match="sabbath_observed"):
        checked(replace(VIEWED, event_type="sabbath_observed"))


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(BadInput, match="no zone"):
        checked(replace(VIEWED, occurred_at=datetime(2026, 3, 1)))  # noqa: DTZ001
