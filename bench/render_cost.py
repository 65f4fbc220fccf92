"""What commands cost, beside limits: CPU and wall seconds and the peak memory of their process trees."""

import resource
import shlex
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Cost:
    """What a command used: CPU seconds, wall seconds, peak resident megabytes of its tree."""

    cpu_s: float
    wall_s: float
    rss_mb: float


def cost(*commands: Sequence[str]) -> Cost:
    """Run the commands, all at once, to their ends."""
    before, began, spent = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), dict[tuple[int, float], float]()
    children, peak = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands], 0
    while any(child.poll() is None for child in children):
        peak = max(peak, sum(_look(child.pid, spent) for child in children))
        time.sleep(0.05)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for child, command in zip(children, commands, strict=True):
        if child.returncode:
            raise SystemExit(f"{shlex.join(command)[:300]} ended with {child.returncode}")
    waited_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # nobody waits for some of a browser's processes: what was seen of them counts
    return Cost(max(waited_s, sum(spent.values())), time.monotonic() - began, peak / 1e6)


def _look(pid: int, spent: dict[tuple[int, float], float]) -> int:
    """Note the CPU seconds of each process of the tree; return its resident bytes.

    A child that has not begun its own program yet (between fork and exec, a millisecond) is its parent once more, and has
    no pages of its own: it does not count.
    """
    total, words = 0, dict[int, list[str]]()
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return total
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            used = process.cpu_times()
            spent[process.pid, process.create_time()] = used.user + used.system
            words[process.pid] = process.cmdline()
            if words[process.pid] != words.get(process.ppid()):
                total += int(process.memory_info().rss)
    return total


class Limits:
    """Prints each ratio beside its limit and remembers whether one was missed."""

    def __init__(self) -> None:
        self.missed = 0

    def hold(self, what: str, found: float, limit: float) -> None:
        """Print one line."""
        self.missed += found > limit
        print(f"{what:62} {found:6.3f}  limit {limit:.3f}  {'MISSED' if found > limit else 'held'}", flush=True)


def shown(name: str, one: Cost) -> Cost:
    """Print one line and hand it on."""
    print(f"  {name:24} {one.cpu_s:8.1f} ({one.wall_s:.0f})  {one.rss_mb:5.0f}", flush=True)
    return one
