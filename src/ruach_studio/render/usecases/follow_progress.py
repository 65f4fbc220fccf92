"""Turn a renderer's many small reports into few rows: the latest one twice a second, and each new step at once."""

from collections.abc import Mapping
from typing import Any

from ruach_studio.infra.queues.port import JobContext
from ruach_studio.infra.queues.report_progress import Reporter
from ruach_studio.render.lifecycle import Step, overall_progress
from ruach_studio.render.ports import RenderProgress


class ProgressReporter(Reporter):
    """Use with `async with`; what is shown never falls, also where a step is taken up again."""

    _UNSAVED = "render.progress.unsaved"

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._highest = 0.0

    async def begin(self, step: Step) -> None:
        """Say at once that `step` begins."""
        self._set(step, 0.0, {})
        await self.flush()

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
        shown = {"step": step, "progress": self._highest, "percent": round(100 * self._highest, 1), **facts}
        self.say(lambda: shown)
