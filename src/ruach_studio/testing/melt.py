"""Turn a melt command into the film it writes, asked again if melt hangs: 7.12 does so once in some fifty runs."""

import contextlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

HANGS_S = 40.0  # what the tests ask for takes 4 to 7 s


def run_melt(arguments: Sequence[str], folder: Path, hangs_s: float = HANGS_S) -> None:
    """Run melt in `folder`, three times at most, for `hangs_s` each. Raises CalledProcessError, TimeoutExpired."""
    command = ["melt", *arguments]
    for _ in range(2):
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=hangs_s)
            return
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=hangs_s)
