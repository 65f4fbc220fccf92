"""What render asks of the outside: somebody who turns a plan into a picture track.

The worker cannot tell the runners apart (decision R1): FFmpeg here, Remotion locally or on Lambda elsewhere. All get the
same plan and must show the same frames. Sound is laid, mastered and muxed by the use cases, one way for every runner.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.plan import RenderPlan


class MediaChanged(BadInput):
    """A media file is no longer the one that the EDL was made from."""

    code = "media_changed"


@dataclass(frozen=True, slots=True)
class RenderProgress:
    """How far the picture is: frames written, this run's pace in frames per second, seconds left (None: not known yet)."""

    frames: int
    total_frames: int
    fps: float
    eta_s: float | None

    @property
    def percent(self) -> float:
        """Return 0..100."""
        return round(100.0 * self.frames / self.total_frames, 1)


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """A finished picture track without sound: the file, how many frames it was counted to hold, and its SHA-256.

    `notes` says what the runner did beyond the plan, for the step's record.
    """

    path: Path
    frames: int
    sha256: str
    notes: tuple[str, ...] = ()


OnProgress = Callable[[RenderProgress], None]


@dataclass(frozen=True, slots=True)
class Beside:
    """A format of the same programme whose render waits or works: its plan and its own working folder."""

    plan: RenderPlan
    workdir: Path


Others = Callable[[], Awaitable[Sequence[Beside]]]


async def nobody() -> Sequence[Beside]:
    """Say that no other format waits."""
    return ()


class RemotionRunner(Protocol):
    """Turns a plan into a picture track. The name is the specification's; the first implementation is FFmpeg."""

    name: str

    async def render(
        self, plan: RenderPlan, workdir: Path, on_progress: OnProgress, cancelled: asyncio.Event
    ) -> RenderedPicture:
        """Write the picture of `plan` under `workdir` and return it, complete and counted.

        What is finished in `workdir` from an earlier, killed run of the same plan is used again. Raises Cancelled when
        `cancelled` is set, MediaFailure, OutOfSpace; then nothing half-made carries a finished name.
        """
        ...


class LambdaBudget(Protocol):
    """Guards what Remotion Lambda may cost. `key` names one render's output."""

    async def reserve(self, key: str, session_id: str, format_name: str, duration_s: float) -> None:
        """Set money aside before a render starts. Raises RenderingDisabled, CostCapExceeded."""
        ...

    async def settle(self, key: str, cost_usd: float) -> None:
        """Put what it did cost in the place of what was set aside."""
        ...


@runtime_checkable
class SharesWork(Protocol):
    """A runner whose work lies on a disk in chunks: several processes can do it together, and formats share a decoding."""

    async def render(
        self, plan: RenderPlan, workdir: Path, on_progress: OnProgress, cancelled: asyncio.Event, others: Others = nobody
    ) -> RenderedPicture:
        """Do as `RemotionRunner.render`, and leave in their folders what the formats of `others` need of the same pictures.

        `others` is asked before each chunk. What fails for them is done without them and never fails this render.
        """
        ...

    async def assist(self, plan: RenderPlan, workdir: Path, cancelled: asyncio.Event, others: Others = nobody) -> int:
        """Do what the render of `plan` in `workdir` has not begun and return how many chunks that were.

        Never waits for anybody and never joins: the render itself does both. Raises as `RemotionRunner.render`.
        """
        ...


Made = Literal["made", "there", "elsewhere"]


class Mezzanine(Protocol):
    """One piece of a copy of the file at `source` that a browser decodes exactly."""

    @property
    def source(self) -> str: ...

    def is_there(self) -> bool:
        """Say whether it was finished; cheap."""
        ...

    def is_claimed(self) -> bool:
        """Say whether some process makes it now; cheap."""
        ...

    async def make(self, cancelled: asyncio.Event) -> Made:
        """Make it unless it is there, whole, or another process is at it; return which of the three.

        Raises Cancelled, MediaFailure, OutOfSpace and what else the file deserves; then no part of it is left.
        """
        ...


@runtime_checkable
class ReadsMezzanines(Protocol):
    """A runner that reads files through a browser, some of them as mezzanines: pieces that its formats can share."""

    async def render(
        self, plan: RenderPlan, workdir: Path, on_progress: OnProgress, cancelled: asyncio.Event,
        mezzanines: Path | None = None,
    ) -> RenderedPicture:  # fmt: skip
        """Do as `RemotionRunner.render` with the pieces that are in the folder `mezzanines`, and make those that are not.

        Without a folder they go to one in `workdir`.
        """
        ...

    async def mezzanines(self, plan: RenderPlan, folder: Path) -> Sequence[Mezzanine]:
        """Return the pieces that `plan` needs, there or not, as they lie in `folder`, which is made. Raises BadMedia."""
        ...
