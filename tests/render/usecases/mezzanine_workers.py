"""Worker processes that are killed inside a mezzanine piece, and what lies there then."""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ruach_studio.infra.queues import list_executions
from ruach_studio.render.runners.kept import is_kept
from ruach_studio.render.store import jobs
from ruach_studio.render.usecases.await_mezzanines import MEZZANINE_JOB
from ruach_studio.render.usecases.services import mezzanine_folder


class Workers:
    """Worker processes, each over the database and the folder of the test that runs: `told`."""

    def __init__(self):
        self.told = {}
        self.parent = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("mezzanine_child.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def _ask(self, **line):
        self.parent.stdin.write(json.dumps(line) + "\n")
        self.parent.stdin.flush()
        return json.loads(self.parent.stdout.readline())

    def start(self, kind, **more):
        """Start a worker and return its process id."""
        return self._ask(start=kind, **self.told, **more)

    async def ended(self, worker):
        """Return the exit status of a worker once it has ended."""
        return await asyncio.to_thread(self._ask, wait=worker)

    def begun(self):
        """Return (worker, piece) of each time that a piece was begun."""
        file = Path(self.told["folder"]) / "begun"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(int(worker), name) for worker, name in map(str.split, lines)]

    def end_all(self):
        """Kill the workers that still live."""
        self._ask()

    def close(self):
        self.parent.stdin.close()
        self.parent.wait(timeout=60)
        self.parent.stdout.close()


class Renders:
    """The renders of one session, and the mezzanines that they share."""

    def __init__(self, services, found, plan, pieces):
        self.services, self.found, self.plan, self.pieces = services, found, plan, pieces
        self.folder = mezzanine_folder(services, found[0].automation_id)

    def kept(self):
        """Return the names of the pieces that are finished."""
        return {piece.path.stem for piece in self.pieces if is_kept(piece.path, piece.frames)}

    def whole_parts(self):
        """Return the files without a name that FFmpeg has written to their end."""
        return [path for path in self.folder.glob("*.part") if b"moov" in path.read_bytes()]

    def lies(self, moment):
        """Say whether the files of a piece are those of that moment."""
        if moment in ("encoding", "written"):
            return any(self.folder.glob("*.part"))
        notes = [piece.path.with_suffix(".json") for piece in self.pieces if piece.path.exists()]
        if moment == "named":
            return not all(note.exists() for note in notes)
        return any(note.exists() and note.stat().st_size == 0 for note in notes)

    def stands(self, moment, worker):
        """Say whether the worker is at that moment of a piece."""
        parts = [str(path) for path in self.folder.glob("*.part")]
        if moment == "encoding":
            return not set(parts).isdisjoint(encoders(worker).values())
        if moment == "written":
            return not set(parts).issubset(encoders(worker).values())
        return self.lies(moment)

    async def rows(self):
        """Return the executions of the mezzanine jobs."""
        async with self.services.database.connection() as conn:
            rows = await list_executions(conn, automation_id=self.found[0].automation_id)
        return [row for row in rows if row["name"] == MEZZANINE_JOB]

    async def states(self):
        """Return the states of the render jobs."""
        async with self.services.database.connection() as conn:
            return [(await jobs.get(conn, job.render_job_id)).state for job in self.found]


def encoders(worker):
    """Return the FFmpeg processes of a worker, each with the `.part` that it writes."""
    found = {}
    for child in psutil.Process(worker).children():
        with suppress(psutil.NoSuchProcess):  # it has just ended
            found.update((child, word) for word in child.cmdline() if word.endswith(".part"))
    return found


def is_over(process):
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def until(holds, told):
    """Wait until `holds()`; it may be a coroutine."""
    try:
        async with asyncio.timeout(120):
            while True:
                answer = holds()
                if await answer if asyncio.iscoroutine(answer) else answer:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not in 120 s: {told}")
