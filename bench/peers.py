"""Turn the name of a peer into its module: installed once, for benches only, beside our environment and never into it.

peers.txt pins the versions. A peer lands in .ruach/bench-peer/<name> of the current folder and is found last on the path, so
that what it brings along never stands before what we use ourselves.
"""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent


class PeerMissing(Exception):
    """The peer could not be installed; the message is pip's."""


def peer(name: str) -> ModuleType:
    """Return the module `name`, installed from its line of peers.txt if need be. Raises PeerMissing with pip's last line."""
    home = Path(".ruach").resolve() / "bench-peer" / name
    sys.path.append(str(home))
    try:
        return importlib.import_module(name)
    except ImportError:
        pinned = next(line for line in (HERE / "peers.txt").read_text().split() if line.partition("==")[0] == name)
        install = [sys.executable, "-m", "pip", "install", "-q", "--target", str(home), pinned]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerMissing((done.stderr.strip().splitlines() or ["pip said nothing"])[-1]) from None
        importlib.invalidate_caches()
        return importlib.import_module(name)
