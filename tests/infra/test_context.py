"""The four ids follow the work through awaits and threads, and never leak into the next piece of work."""

import asyncio
from contextlib import suppress
from datetime import UTC, timedelta

import pytest

from ruach_studio.infra.context import CorrelationMissing, Ids, SystemClock, bind, current, new_id, require_correlation_id
from ruach_studio.kernel.ids import is_uuid4


def test_nothing_is_bound_at_first_and_what_needs_an_id_refuses() -> None:
    assert current() == Ids()
    with pytest.raises(CorrelationMissing):
        require_correlation_id()


def test_ids_nest_and_come_back_even_after_an_error() -> None:
    with bind(correlation_id="c", automation_id="a"):
        with suppress(KeyError), bind(render_job_id="r", automation_id="b"):
            assert current() == Ids("c", "b", "r", None)
            raise KeyError
        assert current() == Ids("c", "a", None, None)
        assert require_correlation_id() == "c"
    assert current() == Ids()


async def test_tasks_do_not_see_each_others_ids_and_threads_see_their_callers() -> None:
    async def work(name: str) -> tuple[str, str]:
        with bind(correlation_id=name):
            await asyncio.sleep(0)
            return require_correlation_id(), await asyncio.to_thread(require_correlation_id)

    names = [f"c{number}" for number in range(20)]
    assert await asyncio.gather(*map(work, names)) == [(name, name) for name in names]
    assert current() == Ids()


def test_the_wire_names_are_the_specifications() -> None:
    assert Ids("c", "a", "r", "f").to_wire() == {
        "correlationId": "c",
        "automationId": "a",
        "renderJobId": "r",
        "formationEnrollmentId": "f",
    }


def test_new_ids_are_uuid4_and_the_clock_is_utc() -> None:
    drawn = {new_id() for _ in range(100)}
    assert len(drawn) == 100
    assert all(map(is_uuid4, drawn))
    one, two = SystemClock().now(), SystemClock().now()
    assert one.tzinfo is UTC
    assert timedelta(0) <= two - one < timedelta(seconds=5)
