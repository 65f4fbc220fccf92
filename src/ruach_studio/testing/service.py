"""Turn a folder into a running `ruach serve` on a port of its own, to be talked to, killed and started again.

For proofs and measurements that want the real process: real HTTP, real database, real `kill -9`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

COMMAND = [sys.executable, "-m", "ruach_studio.app.cli.main"]
OPERATOR = "op@example.org"
PASSWORD = "correct horse battery"  # noqa: S105  (of accounts that only a test has)
T = TypeVar("T")


@dataclass
class Service:
    """`ruach serve` with its data in `folder`; `settings` are further environment variables."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    clients: list[httpx.Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take a free port."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]

    @property
    def log(self) -> Path:
        """Return the file that the service logs into."""
        return self.folder / "serve.log"

    @property
    def address(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Return what the service and its commands are started with."""
        mine = {"RUACH_DATA_DIR": str(self.folder / "data"), "RUACH_PUBLIC_URL": self.address, "RUACH_LOG_JSON": "1"}
        return {**os.environ, **mine, **self.settings}

    def ruach(self, *words: str, said: str = "", timeout_s: float = 120) -> str:
        """Run a command on the same data and return what it printed; it must end with 0."""
        done = subprocess.run(
            [*COMMAND, *words],
            env=self.environment,
            input=said,
            text=True,
            timeout=timeout_s,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"ruach {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def account(self, email: str, *roles: str) -> None:
        """Create an account with PASSWORD."""
        flags = [word for role in roles for word in ("--role", role)]
        self.ruach("accounts", "create", email, *flags, "--password-stdin", said=PASSWORD + "\n")

    def start(self) -> None:
        """Start the service and wait until it is ready."""
        words = ["serve", "--port", str(self.port), "--media-root", str(self.folder)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*COMMAND, *words], env=self.environment, stderr=log, start_new_session=True)
        wait(self.healthy, 60, "the service does not answer")

    def healthy(self) -> bool:
        """Say whether /readyz answers 200; raise with the end of the log if the process has ended."""
        if self.process is None or self.process.poll() is not None:
            raise AssertionError(f"the service has ended: {self.log.read_text()[-3000:]}")
        try:
            return httpx.get(f"{self.address}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End the process group with SIGKILL."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """End it gracefully, close the clients, and return its exit code."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        if self.process is None or self.process.poll() is not None:
            return 0 if self.process is None else self.process.returncode
        self.process.terminate()
        return self.process.wait(timeout=90)

    def sign_in(self, email: str) -> httpx.Client:
        """Return a client that is signed in as the account."""
        client = httpx.Client(base_url=self.address, timeout=60)
        self.clients.append(client)
        client.post("/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()
        return client


@contextmanager
def served(folder: Path, settings: dict[str, str] | None = None) -> Iterator[Service]:
    """Give a service that is ready, with OPERATOR's account; it is stopped in the end if it still runs."""
    running = Service(folder, settings or {})
    running.account(OPERATOR, "operator")
    running.start()
    try:
        yield running
    finally:
        running.stop()


def wait(condition: Callable[[], T], seconds: float, complaint: str) -> T:
    """Ask until `condition` gives something true, and return that; raise AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(complaint)
