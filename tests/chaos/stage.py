"""The real system on a stage of its own: S3 server behind a bad line, embedded PostgreSQL, `ruach serve`, a small disk."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from ruach_studio.app.wiring import open_services
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.embedded.layout import Layout
from ruach_studio.infra.embedded.postmaster import is_our_postmaster, read_pid_file
from ruach_studio.infra.settings import load_settings
from ruach_studio.testing.faulty_proxy import FaultyProxy, faulty_proxy
from ruach_studio.testing.redis_server import RedisServer, redis_server, valkey_program
from ruach_studio.testing.s3_server import ACCESS_KEY, PRIVATE_BUCKET, SECRET_KEY, S3Server, s3_server
from ruach_studio.testing.service import PASSWORD, Service
from ruach_studio.testing.small_disk import small_disk
from ruach_studio.testing.talk import Talk, make_talk

OPERATOR = "op@chaos.test"
STRIPE_SECRET = "whsec_chaos"
DISK_MB, READY_S = 700, 180.0
MEMBERS_PER_FAULT = 0.7  # a long run has more members walk
CHILD = Path(__file__).with_name("serve_child.py")


@dataclass
class Stage(Service):
    """The service, and everything around it that can be broken."""

    talk: Talk | None = None
    s3: S3Server | None = None
    proxy: FaultyProxy | None = None
    disk: Path | None = None
    redis: RedisServer | None = None  # where the queues are, if not in PostgreSQL
    members: list[str] = field(default_factory=list)
    worker: subprocess.Popen | None = None
    spare: subprocess.Popen | None = None

    @property
    def data(self) -> Path:
        return (self.disk or self.folder) / "data"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    @property
    def environment(self) -> dict[str, str]:
        mine = {
            "RUACH_DATA_DIR": str(self.data), "RUACH_STORAGE": "s3", "RUACH_S3_BUCKET": PRIVATE_BUCKET,
            "RUACH_S3_ENDPOINT": self.proxy.endpoint, "RUACH_S3_ACCESS_KEY_ID": ACCESS_KEY, "RUACH_S3_PREFIX": "chaos",
            "RUACH_S3_SECRET_ACCESS_KEY": SECRET_KEY, "RUACH_S3_ANSWER_S": "3", "RUACH_STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
            "RUACH_FFMPEG_STALL_S": "6", "CHAOS_CLOCK_FILE": str(self.clock), "RUACH_NEXT_STEP_DEADLINE_MS": "1500",
            "PYTHONDONTWRITEBYTECODE": "",  # so that a start does not compile everything again
        }  # fmt: skip
        if self.redis is not None:
            mine |= {"RUACH_QUEUE_BACKEND": "redis", "RUACH_REDIS_URL": self.redis.url}
        return {**super().environment, **mine}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(CHILD), *words]

    def start(self) -> None:
        """Start what does not run, and wait until it is ready."""
        with self.log.open("ab") as log:
            if self.process is None or self.process.poll() is not None:
                words = ["serve", "--port", str(self.port), "--media-root", str(self.folder)]
                self.process = self._popen(words, log)
            if self.worker is None or self.worker.poll() is not None:
                self.worker = self._popen(["worker", "--media-root", str(self.folder)], log)
        self.await_ready()
        if self.spare is None:
            with self.log.open("ab") as log:
                self.spare = subprocess.Popen(
                    self.command("--spare"), env=self.environment, stdin=subprocess.PIPE, stderr=log, start_new_session=True
                )

    def _popen(self, words: list[str], log) -> subprocess.Popen:
        spare, self.spare = self.spare, None
        if spare is None or spare.poll() is not None:
            return subprocess.Popen(self.command(*words), env=self.environment, stderr=log, start_new_session=True)
        with spare.stdin as line:
            line.write(json.dumps(words).encode() + b"\n")
        return spare

    def await_ready(self) -> float:
        """Wait until /readyz says so; start what has ended by itself meanwhile. Returns the seconds it took."""
        began = time.monotonic()
        while time.monotonic() - began < READY_S:
            if self.process.poll() is not None:
                raise AssertionError(f"the service ended by itself with {self.process.returncode}: {self.tail()}")
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}/readyz", timeout=10).status_code == 200:
                    return time.monotonic() - began
            time.sleep(0.1)
        raise AssertionError(f"not ready after {READY_S:.0f} s: {self.tail()}")

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def kill_only(self, process: subprocess.Popen, *, group: bool) -> None:
        """SIGKILL the process: alone (on Linux its FFmpeg ends with it), or with everything it started."""
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
        process.wait()

    def ffmpegs(self) -> list[psutil.Process]:
        """Return the encoders that work now."""
        found = []
        for parent in (self.process, self.worker):
            with suppress(psutil.Error, AttributeError):
                found += [each for each in psutil.Process(parent.pid).children(recursive=True) if "ffmpeg" in each.name()]
        return found

    def postmaster(self) -> int | None:
        """Return the PID of the database's parent process."""
        layout = Layout((self.data / "postgres").resolve())
        found = read_pid_file(layout)
        return found.pid if found is not None and is_our_postmaster(found.pid, layout) else None

    def step_clock(self, seconds: float) -> None:
        fresh = self.folder / "clock.new"
        fresh.write_text(str(seconds))
        os.replace(fresh, self.clock)

    def end(self) -> None:
        """Stop all, gently first."""
        self.stop()
        if self.worker is not None and self.worker.poll() is None:
            self.worker.terminate()
            self.worker.wait(timeout=90)

    async def people(self, count: int) -> None:
        """Make the accounts before the service starts; each command for one would take seconds."""
        self.members = [f"m{n}@chaos.test" for n in range(count)]
        settings = load_settings(data_dir=self.data)
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services, services.database.transaction() as tx:
                await create_account(tx, OPERATOR, PASSWORD, ["operator"])
                for email in self.members:
                    await create_account(tx, email, PASSWORD, ["member"])


@contextmanager
def raised(folder: Path, faults: int, backend: str = "postgres") -> Iterator[Stage]:
    """Build the stage in `folder`, with members for `faults` faults, and start the service on it.

    `backend` "redis": the queues are on a Valkey from the wheel.
    """
    with ExitStack() as parts:
        s3_folder = folder / "s3"
        s3_folder.mkdir()
        server = parts.enter_context(s3_server(s3_folder))
        proxy = parts.enter_context(faulty_proxy(server.port))
        disk = parts.enter_context(small_disk(DISK_MB))
        if disk is not None:
            disk.chmod(0o755)
        talk = make_talk(folder / "footage", seconds=9, size=(320, 180))
        redis = None
        if backend == "redis":
            (folder / "redis").mkdir()
            redis = parts.enter_context(redis_server(valkey_program(), folder / "redis"))
        stage = Stage(folder, talk=talk, s3=server, proxy=proxy, disk=disk, redis=redis)
        stage.step_clock(0)
        asyncio.run(stage.people(24 + int(MEMBERS_PER_FAULT * faults)))
        try:
            stage.start()
            yield stage
        finally:
            if stage.process is not None and stage.process.poll() is None:
                stage.kill_only(stage.process, group=True)
            if stage.worker is not None and stage.worker.poll() is None:
                stage.kill_only(stage.worker, group=True)
            if stage.spare is not None:
                stage.spare.communicate()
            pid = stage.postmaster()
            if pid is not None:
                os.kill(pid, signal.SIGQUIT)
                psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=20)
