"""Turn a renderer's many small reports into few rows: the latest one twice a second, and each new step at once."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.port import JobContext
from ruach_studio.kernel.errors import Unavailable
from ruach_studio.render.lifecycle import Step, overall_progress
from ruach_studio.render.ports import RenderProgress

INTERVAL_S = 0.5

log = get_logger(__name__)


class ProgressReporter:
    """Use with `async with`; reports go on while work is awaited inside."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._latest: Mapping[str, Any] | None = None
        self._highest = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "ProgressReporter":
        self._task = asyncio.create_task(self._pump())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if kind is None:
            await self._flush()

    async def begin(self, step: Step) -> None:
        """Say at once that `step` begins."""
        self._set(step, 0.0, {})
        await self._flush()

    def drawing(self, progress: RenderProgress) -> None:
        """Take a runner's report; may be called as often as it likes."""
        eta_s = None if progress.eta_s is None else round(progress.eta_s, 1)
        facts = {
            "frames": progress.frames,
            "totalFrames": progress.total_frames,
            "fps": progress.fps,
            "etaSeconds": eta_s,
        }
        self._set("render", progress.frames / progress.total_frames, facts)

    def waiting(self, reason: str) -> None:
        """Say what keeps the pictures from being drawn."""
        self._set("render", 0.0, {"waitingFor": reason})

    def _set(self, step: Step, part: float, facts: Mapping[str, Any]) -> None:
        self._highest = max(self._highest, overall_progress(step, part))
        self._latest = {"step": step, "progress": self._highest, "percent": round(100 * self._highest, 1), **facts}

    async def _pump(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self._flush()

    async def _flush(self) -> None:
        latest, self._latest = self._latest, None
        if latest is None:
            return
        try:
            await self._context.progress(latest)
        except Unavailable as error:  # the render goes on without an audience
            log.warning("render.progress.unsaved", message=str(error))
