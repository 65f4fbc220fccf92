"""A runner that reads files as a browser does, mezzanines too, and draws with FFmpeg: Remotion's place without Node.js."""

from collections.abc import Mapping
from dataclasses import replace

from ruach_studio.render.plan import ClipRef, RenderPlan
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.runners.remotion_source import MezzanineReader, Readable


class FfmpegReader(MezzanineReader):
    """Draws the plan from what it finds readable, frame by frame where that says it is."""

    name = "reader"

    async def render(self, plan, workdir, on_progress, cancelled, mezzanines=None):
        files = await self.readable(plan, mezzanines or workdir / "mezzanines", workdir / "joined", cancelled)
        return await FfmpegRunner().render(in_place(plan, files), workdir, on_progress, cancelled)


def in_place(plan: RenderPlan, files: Mapping[str, Readable]) -> RenderPlan:
    """Return the plan with each file replaced by the readable one."""
    shown = [s if s.clip is None else replace(s, clip=_in(s.clip, files[s.clip.path])) for s in plan.segments]
    return replace(plan, segments=tuple(shown))


def _in(clip: ClipRef, file: Readable) -> ClipRef:
    if str(file.path) == clip.path:
        return clip
    first = round(-file.first_picture_s * clip.rate.value)
    late_s = first / clip.rate.value
    return replace(clip, path=str(file.path), start_s=clip.start_s + late_s, duration_s=clip.duration_s - late_s)
