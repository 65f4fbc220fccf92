"""Turn a folder into a studio whose pillars run apart: one database, one store, a process for each pillar and one worker.

assembly and formation are `ruach serve --pillars …`; render is HTTP only beside a `ruach worker --pillars render`, so that
either can be killed alone. For proofs that want the real thing: real processes, real database, real `kill -9`.
"""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from ruach_studio.testing.service import COMMAND, Service, wait

STARTED = b"worker.started"


@dataclass
class Process(Service):
    """One process of the studio: `words` are its command; one without HTTP is ready once its worker says so."""

    name: str = ""
    words: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        """Return the file that this process logs into."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        place = ["--port", str(self.port)] if self.words[0] == "serve" else []
        seen = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            command = [*COMMAND, *self.words, *place, "--media-root", str(self.folder)]
            self.process = subprocess.Popen(command, env=self.environment, stderr=log, start_new_session=True)
        if place:
            wait(self.healthy, 120, f"{self.name} does not answer")
        else:
            wait(lambda: self.alive() and STARTED in self.log.read_bytes()[seen:], 120, f"{self.name} does not start")

    def alive(self) -> bool:
        """Return True; raise with the end of the log if the process has ended."""
        if self.process is None or self.process.poll() is not None:
            raise AssertionError(f"{self.name} has ended: {self.log.read_text()[-3000:]}")
        return True


@dataclass
class Apart:
    """The studio in `folder`; artifacts' addresses lead to the formation process, as they would to a CDN."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    assembly: Process = field(init=False)
    render: Process = field(init=False)
    worker: Process = field(init=False)
    formation: Process = field(init=False)

    def __post_init__(self) -> None:
        """Name the processes and give each a port."""
        self.formation = self._process("formation", "serve", "--pillars", "formation")
        self.settings = {**self.settings, "RUACH_PUBLIC_URL": self.formation.address}
        self.formation.settings = self.settings
        self.assembly = self._process("assembly", "serve", "--pillars", "assembly")
        self.render = self._process("render", "serve", "--pillars", "render", "--api-only")
        self.worker = self._process("worker", "worker", "--pillars", "render")

    @property
    def every(self) -> tuple[Process, ...]:
        """Return all four."""
        return (self.assembly, self.formation, self.render, self.worker)

    def stop(self) -> None:
        """End all of them gracefully."""
        for each in self.every:
            each.stop()

    def _process(self, name: str, *words: str) -> Process:
        return Process(self.folder, self.settings, name=name, words=words)
