from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.instants import Instants, from_us, to_us

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
TIMES = st.dictionaries(st.text(max_size=4), st.datetimes(timezones=st.just(UTC)), max_size=12)


@pytest.mark.parametrize("at", [NOON, NOON.astimezone(timezone(timedelta(hours=-9))), datetime(1969, 7, 20, tzinfo=UTC)])
def test_a_time_survives_to_the_microsecond(at):
    assert from_us(to_us(at)) == at
    assert from_us(to_us(at)).tzinfo is UTC


def test_it_is_a_mapping_of_datetimes_equal_to_a_dict_of_them():
    times = {"a": NOON, "b": NOON + timedelta(days=1)}
    found = Instants.of(times)
    assert found == times
    assert times == found
    assert ({**found}, list(found), len(found), "a" in found, "c" in found) == (times, ["a", "b"], 2, True, False)
    assert found.get("c") is None
    assert Instants.of(found) is found
    assert found.keys() & {"a", "c"} == {"a"}


@given(TIMES)
def test_earliest_is_the_minimum(times):
    assert Instants.of(times).earliest(times) == min(times.values(), default=None)


@given(TIMES, st.integers(1, 5))
def test_latest_holds_every_name_that_could_be_among_the_last(times, count):
    found = Instants.of(times).latest(count)
    last = sorted(times.values())[-count:]
    assert sorted(times[name] for name in found)[-count:] == last
    assert all(times[name] >= last[0] for name in found)
    assert len(set(found)) == len(found) >= min(count, len(times))
