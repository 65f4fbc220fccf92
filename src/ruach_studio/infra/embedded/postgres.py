"""Turn a folder into a running PostgreSQL that several processes share and that outlives none of them by accident.

`ensure()` makes the cluster at first use, adopts a running server, restarts a dead one, and counts this process as a user.
The last process to leave stops the server. kill -9 of any user, of the server, or a power cut costs no committed row: the
next `ensure()` finds the truth by asking the server, not by believing files. Access is a private Unix socket, no network.
"""

import atexit
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import psycopg

from ruach_studio.infra.embedded import postmaster, probe
from ruach_studio.infra.embedded.cluster import create_cluster
from ruach_studio.infra.embedded.errors import log_tail, server_error
from ruach_studio.infra.embedded.identity import Identity, choose
from ruach_studio.infra.embedded.layout import Layout, make_socket_folder, remove_socket_folder, socket_path, write_settings
from ruach_studio.infra.embedded.locks import Usage, exclusive
from ruach_studio.infra.embedded.probe import Answer
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import RuachError

START_PATIENCE_S = 120.0  # a long crash recovery is still a start
_LOCK_PATIENCE_S = START_PATIENCE_S + 60.0
_POLL_S = 0.02
_OLD_CHILDREN = "pre-existing shared memory block"

log = get_logger(__name__)


class EmbeddedPostgres:
    """The server of one folder. `with EmbeddedPostgres(folder) as dsn:` or `ensure()` and `release()`."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Name the folder; `settings` are PostgreSQL settings above the desk's, used at the next start of the server."""
        self._layout = Layout(Path(data_dir).expanduser().resolve())
        self._settings = dict(settings or {})
        self._usage = Usage(self._layout.users_lock)
        self._thread_lock = threading.RLock()
        self._pid = os.getpid()
        self._registered = False

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self._layout.log

    def ensure(self) -> str:
        """Return the address of a server that answers; start, restart or adopt it first. About 5 ms if it runs.

        Raises EmbeddedServerDown (with the log's tail) or EmbeddedDiskFull.
        """
        with self._thread_lock, _plain_words(self._layout):
            self._layout.folder.mkdir(parents=True, exist_ok=True)
            with exclusive(self._layout.server_lock, patience_s=_LOCK_PATIENCE_S):
                self._usage.take()
                try:
                    socket_folder = self._running() or self._start()
                except BaseException as error:
                    if self._usage.leave() and not isinstance(error, RuachError):
                        self._stop_server()  # Ctrl-C in the middle: nobody else would
                    raise
            if not self._registered:
                atexit.register(self.release)
                self._registered = True
            return probe.dsn(socket_folder)

    def release(self) -> bool:
        """Stop using the server; stop it if no other process uses it, and return whether it was. Runs at exit by itself."""
        with self._thread_lock:
            if self._pid != os.getpid() or not self._usage.taken:
                return False  # a forked child does not speak for its parent
            self._forget_exit()
            with exclusive(self._layout.server_lock, patience_s=_LOCK_PATIENCE_S):
                return self._usage.leave() and self._stop_server()

    def stop(self) -> bool:
        """Stop the server now, whoever uses it; return whether one ran."""
        with self._thread_lock:
            self._forget_exit()
            if not self._layout.folder.exists():
                return False
            with exclusive(self._layout.server_lock, patience_s=_LOCK_PATIENCE_S):
                self._usage.leave()
                return self._stop_server()

    def stop_if_unused(self) -> bool:
        """Stop a server whose users all died without leaving (kill -9); return whether one was stopped."""
        with self._thread_lock:
            if self._usage.taken or not self._layout.users_lock.exists():
                return False
            with exclusive(self._layout.server_lock, patience_s=_LOCK_PATIENCE_S):
                self._usage.take()
                return self._usage.leave() and self._stop_server()

    def __enter__(self) -> str:
        return self.ensure()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def _forget_exit(self) -> None:
        atexit.unregister(self.release)
        self._registered = False

    def _stop_server(self) -> bool:
        found = postmaster.read_pid_file(self._layout)
        if found is None or not postmaster.is_our_postmaster(found.pid, self._layout):
            return False
        postmaster.stop_postmaster(found.pid, self._layout)
        if found.socket_folder is not None:
            remove_socket_folder(found.socket_folder)
        log.info("database.server.stopped", pid=found.pid)
        return True

    def _running(self) -> Path | None:
        """Return the socket folder of our living server, or None; wait for one that is starting or stopping."""
        deadline = time.monotonic() + START_PATIENCE_S
        while True:
            found = postmaster.read_pid_file(self._layout)
            if found is None or not postmaster.is_our_postmaster(found.pid, self._layout):
                return None
            folder = found.socket_folder
            if folder is not None and probe.ask(folder, self._layout.system_identifier()) is Answer.OURS:
                return folder
            if found.status == "ready" and folder is not None and not socket_path(folder).exists():
                # Somebody swept the temporary files: alive, but nobody can reach it any more.
                postmaster.stop_postmaster(found.pid, self._layout)
                return None
            if time.monotonic() > deadline:
                raise server_error(
                    f"process {found.pid} ({found.status}) does not answer since {START_PATIENCE_S:.0f} s",
                    folder=self._layout.folder,
                    said=log_tail(self._layout.log),
                )
            time.sleep(_POLL_S)

    def _start(self) -> Path:
        began = time.monotonic()
        identity = choose(self._layout.cluster)
        postmaster.end_strays(self._layout)
        if not self._layout.cluster.exists():
            create_cluster(self._layout, identity, sync=self._settings.get("fsync", "on") == "on")
        identity.own(self._layout.cluster)
        socket_folder = make_socket_folder(self._layout, identity)
        write_settings(self._layout, socket_folder, self._settings)
        pid = self._launch_until_ready(identity, socket_folder)
        probe.ensure_database(socket_folder)
        log.info("database.server.started", pid=pid, identity=identity.kind, seconds=round(time.monotonic() - began, 3))
        return socket_folder

    def _launch_until_ready(self, identity: Identity, socket_folder: Path) -> int:
        deadline = time.monotonic() + START_PATIENCE_S
        identifier = self._layout.system_identifier()
        while True:
            postmaster.disown_stale_pid(self._layout, socket_folder)
            log_start_byte = self._layout.log.stat().st_size if self._layout.log.exists() else 0
            pid = postmaster.launch(self._layout, identity)
            while postmaster.is_alive(pid):
                if probe.ask(socket_folder, identifier) is Answer.OURS:
                    return pid
                if time.monotonic() > deadline:
                    said = log_tail(self._layout.log, log_start_byte)
                    raise server_error("it is not ready yet", folder=self._layout.folder, said=said, remedy="Try again.")
                time.sleep(_POLL_S)
            said = log_tail(self._layout.log, log_start_byte)
            # The children of a killed server need a moment to notice and to let go of its memory.
            if _OLD_CHILDREN not in said or time.monotonic() > deadline:
                raise server_error("it ended while starting", folder=self._layout.folder, said=said)
            time.sleep(_POLL_S)


@contextmanager
def _plain_words(layout: Layout) -> Iterator[None]:
    """Say what the operating system or the server refused, and where, instead of showing a number or a driver's error."""
    try:
        yield
    except OSError as error:
        said = f"{error.strerror}: {error.filename or layout.folder}"
        remedy = "Give yourself this folder, or set RUACH_DATA_DIR to one that you may write to."
        raise server_error(said, folder=layout.folder, said=said, remedy=remedy) from error
    except subprocess.TimeoutExpired as error:
        raise server_error(f"a step took longer than {error.timeout:.0f} s", folder=layout.folder, said="") from error
    except psycopg.Error as error:  # it ended again, or could not, between its start and the end of our first query
        said = str(error).partition("\n")[0]  # what follows is advice about a server of another kind
        raise server_error("it started and did not do its work", folder=layout.folder, said=said) from error
