"""A loop that stands is in the log, with the place where it stands; one that moves is not."""

import asyncio
import threading

import structlog

from ruach_studio.infra.loop_watch import watched_loop

WAIT_S = 30.0


class Lines(list):
    """Log lines, and an event for each name that comes."""

    def __init__(self):
        super().__init__()
        self.came = {"loop.stands": threading.Event(), "loop.moves": threading.Event()}

    def __call__(self, _logger, _method, line):
        self.append(line)
        self.came[line["event"]].set()
        raise structlog.DropEvent


def stand_until(said: threading.Event) -> bool:
    return said.wait(WAIT_S)


async def test_where_it_stands_is_said_while_it_stands_and_again_when_it_moves(monkeypatch):
    lines = Lines()
    monkeypatch.setattr("ruach_studio.infra.loop_watch.log", structlog.wrap_logger(None, processors=[lines]))
    with watched_loop(stands_s=0.1, asked_every_s=0.01):
        assert stand_until(lines.came["loop.stands"])
        assert await asyncio.to_thread(stand_until, lines.came["loop.moves"])
    stands, moves = lines[:2]
    assert [stands["event"], stands["seconds"], moves["event"]] == ["loop.stands", 0.1, "loop.moves"]
    assert any("test_loop_watch.py" in place and place.endswith(" stand_until") for place in stands["at"])
    assert moves["stood_s"] >= 0.1


async def test_a_loop_that_moves_is_not_mentioned_and_the_watch_ends_with_the_block(monkeypatch):
    lines = Lines()
    monkeypatch.setattr("ruach_studio.infra.loop_watch.log", structlog.wrap_logger(None, processors=[lines]))
    with watched_loop(stands_s=WAIT_S, asked_every_s=0.01):
        (watcher,) = [each for each in threading.enumerate() if each.name == "loop-watch"]
        await asyncio.to_thread(watcher.join, 0.2)
        assert watcher.is_alive()
    await asyncio.to_thread(watcher.join, WAIT_S)
    assert not watcher.is_alive()
    assert not lines


async def test_a_loop_that_still_stands_when_the_watch_ends_is_not_said_to_move(monkeypatch):
    lines = Lines()
    monkeypatch.setattr("ruach_studio.infra.loop_watch.log", structlog.wrap_logger(None, processors=[lines]))
    with watched_loop(stands_s=0.1, asked_every_s=0.01):
        (watcher,) = [each for each in threading.enumerate() if each.name == "loop-watch"]
        assert stand_until(lines.came["loop.stands"])
    watcher.join(WAIT_S)  # without giving the loop a turn
    assert [line["event"] for line in lines] == ["loop.stands"]
