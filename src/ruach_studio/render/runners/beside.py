"""Turn a chunk into the same chunk of the formats that wait beside it, so that one decoding serves them all.

Two formats share a chunk where their segments are the same but for the subject's place. The twin is claimed in its own
folder under its own name: its render finds it finished, or free if this one died. Nobody is waited for.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import RuachError
from ruach_studio.render.plan import RenderPlan, Segment
from ruach_studio.render.ports import Beside, Others
from ruach_studio.render.runners.chunks import Chunk, chunked
from ruach_studio.render.runners.claims import claimed
from ruach_studio.render.runners.encode import Drawing
from ruach_studio.render.runners.kept import is_kept
from ruach_studio.render.runners.output import Output

MOST = 2  # an encoder of 1080p costs up to 200 MB
_Stretch = tuple[Segment, ...]

log = get_logger(__name__)


class Twins:
    """The chunks of other formats that show what a chunk of `plan` shows."""

    def __init__(self, plan: RenderPlan, others: Others) -> None:
        self._plan, self._others = plan, others
        self._known: dict[Path, tuple[Output, dict[_Stretch, Chunk]]] = {}
        self._left: set[Path] = set()

    async def claim(self, chunk: Chunk, held: ExitStack) -> list[Drawing]:
        """Return the twins of `chunk` that are neither finished nor claimed; `held` holds their claims."""
        found: list[Drawing] = []
        for other in await self._waiting():
            if other.workdir in self._left or len(found) == MOST:
                continue
            try:
                found += await asyncio.to_thread(self._claim, other, chunk, held)
            except (RuachError, OSError) as error:  # what is wrong with it is its own render's to say
                self._leave(other.workdir, error)
        return found

    async def _waiting(self) -> Sequence[Beside]:
        try:
            return await self._others()
        except (RuachError, OSError) as error:
            log.warning("render.beside.unknown", format=self._plan.preset.name, message=str(error))
            return ()

    def leave(self, drawings: Sequence[Drawing], error: Exception) -> None:
        """Claim nothing more of these formats: drawing beside them failed."""
        for drawing in drawings:
            self._leave(drawing.output.folder.parent, error)

    def _leave(self, workdir: Path, error: Exception) -> None:
        self._left.add(workdir)
        log.warning("render.beside.left", format=self._plan.preset.name, workdir=str(workdir), message=str(error))

    def _claim(self, other: Beside, chunk: Chunk, held: ExitStack) -> list[Drawing]:
        if other.workdir not in self._known:
            self._known[other.workdir] = _divided(other, self._plan)
        output, chunks = self._known[other.workdir]
        twin = chunks.get(_same(chunk))
        if twin is None:
            return []
        output.folder.mkdir(parents=True, exist_ok=True)
        path = output.path(twin)
        with ExitStack() as trying:
            if not trying.enter_context(claimed(path)) or is_kept(path, twin.frames):
                return []
            held.push(trying.pop_all())
        return [Drawing(output, twin, path)]


def _divided(other: Beside, plan: RenderPlan) -> tuple[Output, dict[_Stretch, Chunk]]:
    """Return the format's output and its chunks by what they show; none where it copies or has another rate."""
    output = Output(other.plan, other.workdir / "chunks")
    chunks = () if output.codec.smart_copy or other.plan.rate != plan.rate else chunked(other.plan.segments, plan.rate)
    return output, {_same(chunk): chunk for chunk in chunks}


def _same(chunk: Chunk) -> _Stretch:
    return tuple(replace(segment, subject_x=Fraction(1, 2)) for segment in chunk.segments)
