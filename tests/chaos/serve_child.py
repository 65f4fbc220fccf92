"""Start `ruach` with a clock that can be stepped: CHAOS_CLOCK_FILE holds the seconds to add to the machine's."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from ruach_studio.infra.context import SystemClock

OFFSET, TRUE_NOW = Path(os.environ["CHAOS_CLOCK_FILE"]), SystemClock.now
SystemClock.now = lambda self: TRUE_NOW(self) + timedelta(seconds=float(OFFSET.read_text()))

if __name__ == "__main__":
    from ruach_studio.app.cli.main import run_command

    sys.exit(run_command(sys.argv[1:]))
