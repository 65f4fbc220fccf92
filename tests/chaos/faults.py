"""What is broken, drawn from a seed: each kind does its harm, holds it, and takes it back; the product mends the rest."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from ruach_studio.testing.faulty_proxy import Fault as Line

from .stage import Stage

# How often each kind is drawn, relative to the others.
WEIGHTS = {
    "kill the service": 3, "kill the service alone": 3, "end the service": 1, "kill the worker": 3,
    "stop PostgreSQL": 3, "kill PostgreSQL": 3, "stop Redis": 3, "kill Redis": 3,
    "store answers 500": 3, "store answers 503": 1, "store answers 403": 2, "store is silent": 2, "store breaks the line": 2,
    "store does it and breaks the line": 2, "store damages bytes": 1,
    "disk is full": 2, "FFmpeg hangs": 4, "FFmpeg is killed": 4, "clock steps": 3,
}  # fmt: skip
_LINES = {
    "store answers 500": {"kind": "answer", "status": 500, "code": "InternalError"},
    "store answers 503": {"kind": "answer", "status": 503, "code": "SlowDown"},
    "store answers 403": {"kind": "answer", "status": 403, "code": "AccessDenied"},
    "store is silent": {"kind": "silent"},
    "store breaks the line": {"kind": "reset"},
    "store does it and breaks the line": {"kind": "lost"},
    "store damages bytes": {"kind": "damaged"},
}
CLOCK_STEPS_S = (-7200.0, -90.0, -1.5, 90.0, 7200.0)
SEARCH_S, KEPT_FREE_BYTES = 12.0, 64 * 1024


@dataclass(frozen=True)
class Fault:
    """One fault of the plan: what, for how long, after what pause, and a number for whatever else is to be chosen."""

    kind: str
    pause_s: float
    hold_s: float
    dice: float


@dataclass
class Done:
    """What became of a fault: `hit` is False where there was nothing to break (no FFmpeg ran); times in seconds."""

    kind: str
    hit: bool
    ready_s: float
    at_s: float


def plan(seed: int, count: int, kinds: list[str]) -> list[Fault]:
    """Return `count` faults; the same seed and kinds give the same plan. The first ones are of every kind once."""
    dice = random.Random(seed)
    first = dice.sample(kinds, k=min(count, len(kinds)))
    drawn = first + dice.choices(kinds, [WEIGHTS[each] for each in kinds], k=count - len(first))
    return [Fault(kind, dice.uniform(0.2, 2.0), dice.uniform(0.3, 3.0), dice.random()) for kind in drawn]


def next_of(pending: list[Fault], *, encoding: bool) -> Fault:
    """Take the first of `pending` that can strike now: those on FFmpeg wait, first in line, until one is `encoding`."""
    for number, fault in enumerate(pending):
        if encoding or "FFmpeg" not in fault.kind:
            return pending.pop(number)
    return pending.pop(0)


def kinds_for(stage: Stage) -> list[str]:
    """Return the kinds that this stage can suffer."""
    missing = set()
    if stage.disk is None:
        missing.add("disk is full")  # needs the right to mount
    if stage.redis is None:
        missing |= {"stop Redis", "kill Redis"}
    return [kind for kind in WEIGHTS if kind not in missing]


def strike(stage: Stage, fault: Fault, began: float, hold: Callable[[float], object]) -> Done:
    """Do the harm, hold it, take it back, and wait until the service is ready again."""
    with _HARMS.get(fault.kind, _line)(stage, fault) as hit:
        if hit:
            hold(fault.hold_s)
    return Done(fault.kind, hit, stage.await_ready(), time.monotonic() - began)


@contextmanager
def _kill_service(stage: Stage, fault: Fault) -> Iterator[bool]:
    stage.kill_only(stage.process, group="alone" not in fault.kind)
    yield True
    stage.start()


@contextmanager
def _end_service(stage: Stage, _: Fault) -> Iterator[bool]:
    stage.process.terminate()
    try:
        stage.process.wait(timeout=60)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"the service does not end within 60 s of SIGTERM: {stage.tail()}") from error
    yield True
    stage.start()


@contextmanager
def _kill_worker(stage: Stage, fault: Fault) -> Iterator[bool]:
    stage.kill_only(stage.worker, group=fault.dice < 0.5)
    yield True
    stage.start()


@contextmanager
def _postgres(stage: Stage, fault: Fault) -> Iterator[bool]:
    """Stop it ("fast") or kill its parent process; the keeper in the service brings it back, nobody else."""
    pid = stage.postmaster()
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if fault.kind.startswith("stop") else signal.SIGKILL)
    yield pid is not None


@contextmanager
def _redis(stage: Stage, fault: Fault) -> Iterator[bool]:
    """End it by SIGTERM or SIGKILL; its append-only file brings back what it held, up to a second before the kill."""
    if fault.kind.startswith("stop"):
        stage.redis.process.terminate()
        stage.redis.process.wait(timeout=30)
    else:
        stage.redis.kill()
    yield True
    stage.redis.start()


@contextmanager
def _line(stage: Stage, fault: Fault) -> Iterator[bool]:
    """Break every request to the store, or every second time only those that write."""
    pattern = "" if fault.dice < 0.5 else "^(PUT|POST|DELETE)"
    planted = Line(pattern=pattern, times=10_000, **_LINES[fault.kind])
    stage.proxy.faults.append(planted)
    until = time.monotonic() + SEARCH_S
    while planted.used == 0 and time.monotonic() < until:
        time.sleep(0.05)
    yield planted.used > 0
    stage.proxy.faults.remove(planted)
    stage.proxy.release()


@contextmanager
def _full_disk(stage: Stage, _: Fault) -> Iterator[bool]:
    """Fill the disk that everything of the service lies on, the database too."""
    ballast = stage.disk / "ballast"
    with ballast.open("wb") as file, suppress(OSError):  # others write too: it may be full before
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(stage.disk).free - KEPT_FREE_BYTES)
    yield True
    ballast.unlink()


@contextmanager
def _ffmpeg(stage: Stage, fault: Fault) -> Iterator[bool]:
    """Stop an encoder for good (it is not continued: the product has to notice), or kill it."""
    until = time.monotonic() + SEARCH_S
    hit = False
    while not hit and time.monotonic() < until:
        running = stage.ffmpegs()
        with suppress(psutil.Error, IndexError):
            victim = running[int(fault.dice * len(running))]
            victim.suspend() if fault.kind == "FFmpeg hangs" else victim.kill()
            hit = True
        time.sleep(0.02)
    yield hit


@contextmanager
def _clock(stage: Stage, fault: Fault) -> Iterator[bool]:
    stage.step_clock(CLOCK_STEPS_S[int(fault.dice * len(CLOCK_STEPS_S))])
    yield True
    stage.step_clock(0)


_HARMS = {
    "kill the service": _kill_service,
    "kill the service alone": _kill_service,
    "end the service": _end_service,
    "kill the worker": _kill_worker,
    "stop PostgreSQL": _postgres,
    "kill PostgreSQL": _postgres,
    "stop Redis": _redis,
    "kill Redis": _redis,
    "disk is full": _full_disk,
    "FFmpeg hangs": _ffmpeg,
    "FFmpeg is killed": _ffmpeg,
    "clock steps": _clock,
}
