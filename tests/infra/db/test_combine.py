"""Waiting writers share a transaction; each gets its own outcome, and nobody's mistake or absence is another's loss."""

import asyncio
import contextvars

import pytest

from ruach_studio.infra.db.combine import ALONE, Combiner
from ruach_studio.kernel.errors import BadInput, Unavailable

SOON_S = 5
WHO = contextvars.ContextVar("who", default="nobody")


class Table:
    """What is written, group by group. A group waits at `gate`; `wrong` items break the group, `busy` ones are put off."""

    def __init__(self, *, limit=100):
        self.groups, self.alone, self.seen, self.rests = [], [], [], 0
        self.gate, self.wrong, self.busy, self.fails = asyncio.Event(), {}, set(), None
        self.gate.set()
        self.combiner = Combiner(self.write, self.write_alone, rest=self.rest, limit=limit)

    async def write(self, items):
        self.seen.append(WHO.get())
        self.groups.append(list(items))
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        if self.wrong.keys() & set(items):
            raise ValueError("the whole group is rolled back")
        return [ALONE if each in self.busy else f"{each} together" for each in items]

    async def write_alone(self, item):
        await self.gate.wait()
        self.alone.append(item)
        if item in self.wrong:
            raise self.wrong[item]
        return f"{item} alone"

    async def rest(self):
        self.rests += 1

    def submit(self, key, item=None):
        return asyncio.create_task(self.combiner.submit(key, item or key))


async def turn():
    """Let everything go on that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_lone_writer_goes_at_once_and_the_rest_gathers_meanwhile():
    table = Table()
    table.gate.clear()
    first = table.submit("a")
    await turn()
    rest = [table.submit(each) for each in "bcd"]
    await turn()
    assert table.groups == [["a"]]
    table.gate.set()
    assert [await each for each in (first, *rest)] == [f"{each} together" for each in "abcd"]
    assert table.groups == [["a"], ["b", "c", "d"]]


async def test_writers_who_come_again_after_every_answer_stay_in_one_group():
    table = Table()

    async def write(name):
        for n in range(10):
            await table.combiner.submit(name, f"{name}{n}")

    await asyncio.gather(*(write(f"w{n}") for n in range(20)))
    assert [len(group) for group in table.groups] == [20] * 10
    assert table.rests == 1, "what is kept open for the next group is let go once, when nobody waits any more"


async def test_one_of_each_key_and_no_more_than_the_limit_go_together():
    table = Table(limit=3)
    tasks = [table.submit(key, item) for key, item in (("a", "a1"), ("a", "a2"), ("b", "b1"), ("c", "c1"), ("d", "d1"))]
    await asyncio.wait_for(asyncio.gather(*tasks), SOON_S)
    assert table.groups == [["a1", "b1", "c1"], ["a2", "d1"]]


async def test_an_error_is_its_culprit_s_alone():
    table = Table()
    table.wrong["b"] = BadInput("no", subject="b")
    done = await asyncio.gather(*(table.submit(each) for each in "abc"), return_exceptions=True)
    assert done == ["a alone", table.wrong["b"], "c alone"]
    assert sorted(table.alone) == ["a", "b", "c"]
    assert await table.submit("d") == "d together"


async def test_an_error_that_together_gives_for_one_item_is_raised_to_its_writer():
    table = Table()
    error = BadInput("no", subject="b")

    async def write(items):
        return [error if each == "b" else each for each in items]

    table.combiner = Combiner(write, table.write_alone)
    assert await asyncio.gather(*(table.submit(each) for each in "abc"), return_exceptions=True) == ["a", error, "c"]
    assert table.alone == []


async def test_an_outage_is_told_to_each_and_nothing_is_tried_twice():
    """The commit may have been made before the connection was lost: a second attempt could write again."""
    table = Table()
    table.fails = Unavailable(subject="database")
    done = await asyncio.gather(*(table.submit(each) for each in "abc"), return_exceptions=True)
    assert done == [table.fails] * 3
    assert (table.alone, table.rests) == ([], 2)


async def test_one_that_would_wait_is_put_off_and_holds_up_nobody():
    table = Table()
    table.busy = {"b"}
    table.combiner = Combiner(table.write, lambda item: asyncio.sleep(3600), rest=table.rest)
    waits = table.submit("b")
    assert await asyncio.wait_for(asyncio.gather(table.submit("a"), table.submit("c")), SOON_S) == [
        "a together",
        "c together",
    ]
    assert await asyncio.wait_for(table.submit("d"), SOON_S) == "d together"
    assert not waits.done()
    waits.cancel()


async def test_a_cancelled_writer_takes_back_what_waits_and_leaves_what_is_under_way():
    table = Table()
    table.gate.clear()
    under_way = [table.submit(each) for each in "ab"]
    await turn()
    waiting = [table.submit(each) for each in "cd"]
    await turn()
    under_way[0].cancel()
    waiting[0].cancel()
    await turn()
    table.gate.set()
    assert [await under_way[1], await waiting[1]] == ["b together", "d together"]
    assert table.groups == [["a", "b"], ["d"]]
    assert under_way[0].cancelled()
    assert waiting[0].cancelled()


async def test_the_ids_of_whoever_came_first_are_not_the_group_s():
    table = Table()
    WHO.set("the first one")
    await table.submit("a")
    assert table.seen == ["nobody"]


async def test_closing_waits_for_what_is_under_way():
    table = Table()
    table.busy = {"b"}
    table.gate.clear()
    tasks = [table.submit(each) for each in "ab"]
    await turn()
    closing = asyncio.create_task(table.combiner.close())
    await turn()
    assert not closing.done()
    table.gate.set()
    await asyncio.wait_for(closing, SOON_S)
    assert [each.result() for each in tasks] == ["a together", "b alone"]


async def test_the_end_of_the_program_leaves_nobody_waiting():
    table = Table()
    table.gate.clear()
    tasks = [table.submit(each) for each in "ab"]
    await turn()
    tasks.append(table.submit("c"))
    await turn()
    table.combiner._running.cancel()  # as asyncio.run does to every task that is left
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), SOON_S)
    assert [type(each) for each in done] == [asyncio.CancelledError] * 3


@pytest.mark.parametrize("count", [1, 7])
async def test_a_group_that_is_told_too_little_is_an_error_and_not_a_wait(count):
    async def write(items):
        return []

    combiner = Combiner(write, write)
    done = await asyncio.wait_for(
        asyncio.gather(*(combiner.submit(str(n), n) for n in range(count)), return_exceptions=True), SOON_S
    )
    assert [str(each) for each in done] == [f"a group of {count} was told 0 outcomes"] * count


async def test_what_cannot_be_let_go_harms_nobody():
    async def write(items):
        return items

    async def rest():
        raise OSError("the connection is gone")

    combiner = Combiner(write, write, rest=rest)
    assert [await combiner.submit("a", n) for n in range(3)] == [0, 1, 2]
