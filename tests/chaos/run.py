"""One run: load, faults, peace, recovery, books, report."""

import json
import math
import shutil
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .client import Caller, Tally
from .faults import Done, kinds_for, next_of, plan, strike
from .ledger import Ledger, log_faults
from .load import Member, Operator, Stripe, prepare
from .stage import OPERATOR, Stage

SETTLE_S = 900.0
# BullMQ's lock of 30 s and two of its checks, 5 s apart, and as much again for a busy machine: what a crash made it miss is
# taken back by then. A job that it holds as active for longer is lost.
HELD_S = 80.0
OPERATORS, MEMBERS = 3, 2


@dataclass
class Report:
    """What happened, and what was broken."""

    seed: int
    done: list[Done] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def to_wire(self) -> dict[str, Any]:
        hit, missed = Counter(d.kind for d in self.done if d.hit), Counter(d.kind for d in self.done if not d.hit)
        ready = sorted(d.ready_s for d in self.done if d.hit)
        return {
            "seed": self.seed, "faults": sum(hit.values()), "byKind": dict(sorted(hit.items())),
            "foundNothingToBreak": dict(sorted(missed.items())),
            "readyAgainS": {"median": round(ready[len(ready) // 2], 2), "most": round(ready[-1], 2)} if ready else {},
            **self.told, "broken": self.broken,
        }  # fmt: skip


def run(stage: Stage, seed: int, count: int, out: Path, *, most_s: float = math.inf) -> Report:
    """Strike until `count` faults found something to break (or for `most_s`), let it settle, report; also into `out`."""
    report, tally = Report(seed), Tally()
    ended, last = threading.Event(), threading.Event()
    prepare(Caller(stage.address, OPERATOR, tally, ended))
    operators = [Operator(stage, number, tally, ended, last) for number in range(OPERATORS)]
    members = [Member(stage, stage.members[number::MEMBERS], tally, ended, last) for number in range(MEMBERS)]
    stripe = Stripe(stage, seed, tally, ended, last)
    threads = [*operators, *members, stripe]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        pending = plan(seed, 2 * count, kinds_for(stage))
        print(f"seed {seed}, {count} faults", flush=True)
        while pending and sum(each.hit for each in report.done) < count and time.monotonic() - began < most_s:
            fault = next_of(pending, encoding=bool(stage.ffmpegs()))
            ended.wait(fault.pause_s)
            report.done.append(strike(stage, fault, began, ended.wait))
            print(f"{report.done[-1].at_s:7.1f} s  {fault.kind}"
                  f"{'' if report.done[-1].hit else ' (nothing to break)'}, ready after {report.done[-1].ready_s:.1f} s",
                  flush=True)  # fmt: skip
        struck_s = time.monotonic() - began
        last.set()
        _settle(stage, operators, threads, tally)
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)
        for caller in tally.callers:
            caller.http.close()
    with Ledger(stage) as ledger:
        films = [film for each in operators for film in each.films]
        kept = {key: facts for each in members for key, facts in each.kept.items()}
        report.broken += [*tally.wrong, *ledger.faults(films, kept, stripe.told)]
        errors, without = log_faults(stage)
        report.broken += without
        report.told |= {
            "diskUsedMb": round(shutil.disk_usage(stage.data).used / 2**20),
            "struckS": round(struck_s), "settledS": round(time.monotonic() - began - struck_s), "films": len(films),
            "membersOnTheirWay": len(kept), "calls": dict(sorted(tally.counts.items())), **ledger.counts(),
            "errorsLogged": dict(errors.most_common(25)),
        }  # fmt: skip
    report.broken += _commands(stage)
    wire = report.to_wire()
    out.write_text(json.dumps(wire, indent=2, default=str))
    print(json.dumps(wire, indent=2, default=str), flush=True)
    return report


def _settle(stage: Stage, operators: list[Operator], threads: list[threading.Thread], tally: Tally) -> None:
    """Heal everything, let the operators finish and mend, and wait until no job and no event is on its way."""
    stage.proxy.faults.clear()
    stage.proxy.release()
    stage.step_clock(0)
    stage.start()
    deadline = time.monotonic() + SETTLE_S
    for thread in threads:
        thread.join(max(1.0, deadline - time.monotonic()))
        if thread.is_alive():
            where = [f"{each.name} at {each.at}" for each in operators if each.is_alive()]
            tally.blame(f"{thread.name} has not ended {SETTLE_S:.0f} s after the last fault; {where}")
    with Ledger(stage) as ledger:
        while ledger.open_work() and time.monotonic() < deadline:
            time.sleep(0.5)
        if ledger.open_work():
            tally.blame(f"{ledger.open_work()} jobs and events are still on their way")
        quiet = time.monotonic()
        while ledger.held() and time.monotonic() < quiet + HELD_S:
            time.sleep(0.5)
        print(f"BullMQ let go of all jobs {time.monotonic() - quiet:.1f} s after the last had ended", flush=True)


def _commands(stage: Stage) -> list[str]:
    """Ask the product itself: do the chains hold, does every decision and every journal come out the same?"""

    def ask(words: tuple[str, ...]) -> list[str]:
        done = subprocess.run(stage.command(*words), env=stage.environment, capture_output=True, text=True, timeout=3600)
        told = f"ruach {' '.join(words)} ended with {done.returncode}: {done.stdout[-800:]}{done.stderr[-800:]}"
        return [told] if done.returncode else []

    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(ask, (("audit", "verify"), ("formation", "replay", "--all", "--processes", "1")))
        return [told for answer in answers for told in answer]
