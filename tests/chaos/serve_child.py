"""Start `ruach` with a clock that can be stepped: CHAOS_CLOCK_FILE holds the seconds to add to the machine's.

With `--spare` it loads the service's modules, which takes seconds, and waits for its command line on standard input: a spare
that stands ready while other faults are struck. It has touched nothing of the service before.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from ruach_studio.infra.context import SystemClock

OFFSET, TRUE_NOW = Path(os.environ["CHAOS_CLOCK_FILE"]), SystemClock.now
SystemClock.now = lambda self: TRUE_NOW(self) + timedelta(seconds=float(OFFSET.read_text()))

if __name__ == "__main__":
    from ruach_studio.app.cli.main import run_command

    words = sys.argv[1:]
    if words == ["--spare"]:
        from ruach_studio.app.cli import serve, worker  # noqa: F401

        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        words = json.loads(line)
    sys.exit(run_command(words))
