"""Turn postmaster.pid into "is that really our server?", and a stopped cluster into a started process.

A PID in a file proves nothing: after a reboot it may be anybody's, and in a container without an init process a dead
server stays as a zombie. So the process is looked at: alive, no zombie, named postgres, started on this very cluster.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from ruach_studio.infra.embedded.cluster import server_environment
from ruach_studio.infra.embedded.errors import server_error
from ruach_studio.infra.embedded.identity import Identity
from ruach_studio.infra.embedded.layout import Layout, socket_path

# Above every PID that a kernel gives out (Linux: 2^22), so no process has it.
_NOBODYS_PID = 2**22 + 1
_POLL_S = 0.02
_HARD_STOP = ((signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
_ORDERLY_STOP = ((signal.SIGINT, 60.0), *_HARD_STOP)
_LOG_LIMIT_BYTES = 10 * 2**20

# Starts the server in a session of its own (Ctrl-C in our terminal is not its business) and leaves it to init at once.
_LAUNCHER = """
import json, os, subprocess, sys
spec = json.loads(sys.argv[1])
log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
server = subprocess.Popen(
    spec["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
    user=spec["user"], group=spec["group"], extra_groups=None if spec["user"] is None else [],
)
print(server.pid, flush=True)
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class PidFile:
    """What postmaster.pid says: who, where its socket is, and how far it got (`ready`, `starting`, `stopping`)."""

    pid: int
    socket_folder: Path | None
    status: str


def read_pid_file(layout: Layout) -> PidFile | None:
    """Return what postmaster.pid says, None if there is none or it names no process."""
    try:
        lines = (layout.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = abs(int(lines[0]))
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if not 0 < pid <= _NOBODYS_PID:
        return None
    folder = Path(lines[4]) if len(lines) > 4 and lines[4] else None
    return PidFile(pid, folder, lines[7].strip() if len(lines) > 7 else "starting")


def is_alive(pid: int) -> bool:
    """Say whether the process lives; a zombie does not."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def is_our_postmaster(pid: int, layout: Layout) -> bool:
    """Say whether `pid` is a living postgres that was started on this cluster."""
    try:
        command = psutil.Process(pid).cmdline() if is_alive(pid) else []
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return len(command) >= 3 and Path(command[0]).name == "postgres" and str(layout.cluster) in command[1:]


def end_strays(layout: Layout) -> None:
    """End every server of this path whose postmaster.pid is gone; call only when no server of ours lives.

    Its data was deleted under it. It gets no orderly stop: its last checkpoint would write its own control file, by full
    path, into the cluster that takes its place (seen: "WAL file is from different database system").
    """
    for pid in psutil.pids():
        if is_our_postmaster(pid, layout):
            _stop(pid, layout, _HARD_STOP)


def disown_stale_pid(layout: Layout, socket_folder: Path) -> None:
    """Make a postmaster.pid that names somebody else harmless; call only when no server of ours lives.

    PostgreSQL refuses to start while the named process exists, whoever it is. Only the number is replaced: the rest of the
    file guards against children of a killed server that still hold its shared memory. A file that names no process (a power
    cut empties it) is refused too and goes; for that memory PostgreSQL then looks by the data folder's own number.
    """
    path = layout.cluster / "postmaster.pid"
    found = read_pid_file(layout)
    if found is None:
        path.unlink(missing_ok=True)
    elif psutil.pid_exists(found.pid):
        _, _, rest = path.read_text(encoding="utf-8").partition("\n")
        _replace(path, f"{_NOBODYS_PID}\n{rest}")
    socket = socket_path(socket_folder)
    for leftover in (socket, socket.with_name(f"{socket.name}.lock")):
        leftover.unlink(missing_ok=True)


def _replace(path: Path, content: str) -> None:
    """Give `path` another content at once: whoever dies meanwhile leaves the old or the new one, with its owner and mode."""
    part = path.with_name(f".{path.name}.new")
    state = path.stat()
    with part.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), state.st_mode & 0o777)
        if os.geteuid() == 0:  # the server may run as somebody else, who must be able to read it
            os.fchown(file.fileno(), state.st_uid, state.st_gid)
        os.fsync(file.fileno())
    part.replace(path)


def launch(layout: Layout, identity: Identity) -> int:
    """Start the server and return its PID at once; it is not ready yet."""
    if layout.log.exists() and layout.log.stat().st_size > _LOG_LIMIT_BYTES:
        layout.log.replace(layout.log.with_suffix(".log.1"))
    spec = {
        "command": identity.command("postgres", "-D", str(layout.cluster)),
        "log": str(layout.log),
        "user": identity.user_id,
        "group": identity.group_id,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, json.dumps(spec)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=server_environment(),
        check=False,
    )
    if done.returncode != 0:
        raise server_error("its program could not be run", folder=layout.folder, said=done.stderr)
    return int(done.stdout)


def stop_postmaster(pid: int, layout: Layout) -> None:
    """Stop the server: orderly within 60 s, else at once (its log is replayed at the next start). Data is safe both ways."""
    _stop(pid, layout, _ORDERLY_STOP)


def _stop(pid: int, layout: Layout, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    for number, patience_s in steps:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not is_our_postmaster(pid, layout):
                return
            time.sleep(_POLL_S)
    raise server_error(f"process {pid} does not end", folder=layout.folder, said="")
