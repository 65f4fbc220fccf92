"""Faults drawn from a seed over a running load: nothing lost, nothing twice, every failure seen and with a way back.

RUACH_CHAOS_FAULTS says how many (12 unless set; `make test-all` takes 300), RUACH_CHAOS_SEED which,
RUACH_CHAOS_MOST_S after how many seconds no further one is struck, RUACH_CHAOS_BACKEND=redis puts the queues on Redis.
"""

import os
from pathlib import Path

import pytest

from .run import run
from .stage import raised

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.slow, pytest.mark.timeout(3 * 3600)]
FAULTS = int(os.environ.get("RUACH_CHAOS_FAULTS", "12"))
MOST_S = float(os.environ.get("RUACH_CHAOS_MOST_S", "inf"))
SEED = int(os.environ.get("RUACH_CHAOS_SEED", "1"))


def test_nothing_is_lost_and_nothing_happens_twice(tmp_path: Path) -> None:
    with raised(tmp_path, FAULTS, os.environ.get("RUACH_CHAOS_BACKEND", "postgres")) as stage:
        out = Path(os.environ.get("RUACH_CHAOS_REPORT") or tmp_path / "chaos.json")
        report = run(stage, SEED, FAULTS, out, most_s=MOST_S)
    assert report.broken == [], f"seed {SEED}"
    struck = sum(each.hit for each in report.done)
    assert struck == FAULTS or (struck and float("inf") > MOST_S), f"{struck} faults found something to break"
