"""Turn the operating system's refusals to write into errors that a person can act on, and ask about room beforehand."""

import errno
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ruach_studio.kernel.errors import BadInput, OutOfSpace
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.plan.audio import SAMPLE_RATE
from ruach_studio.render.usecases.lay_audio import BYTES_PER_SAMPLE

BITS_PER_PIXEL = 0.12  # crf 20 on detailed footage (measured 0.035 on calm talks), so that the estimate errs high
COPIES = 3  # chunks, joined picture, finished file
RESERVE_BYTES = 50_000_000
_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class NotWritable(BadInput):
    """Files may not be written there."""

    code = "not_writable"


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Raise OutOfSpace for a full disk or quota and NotWritable for missing permission; other errors pass."""
    try:
        yield
    except OSError as error:
        where = str(error.filename or folder)
        if error.errno in _FULL:
            raise OutOfSpace("the disk is full", subject=where, remedy="Free some space and start it again.") from error
        if error.errno in _REFUSED:
            raise NotWritable(subject=where, remedy="Give write permission, or choose another folder.") from error
        if error.errno in {errno.ENOTDIR, errno.EEXIST}:
            raise NotWritable("it is a file, not a folder", subject=where, remedy="Choose another folder.") from error
        raise


def estimated_bytes(plan: RenderPlan) -> int:
    """Return how much room a render of `plan` may need while it works."""
    if plan.preset.video is None:
        return 10_000_000
    picture = plan.preset.width * plan.preset.height * plan.frames * BITS_PER_PIXEL / 8
    return round(picture * COPIES + plan.duration_s * SAMPLE_RATE * BYTES_PER_SAMPLE)


def has_room(plans: Sequence[RenderPlan], folder: Path) -> bool:
    """Say whether renders of all `plans` at once have room below `folder`, which is there."""
    return shutil.disk_usage(folder).free >= sum(map(estimated_bytes, plans)) + RESERVE_BYTES


def check_room(plan: RenderPlan, folder: Path) -> None:
    """Raise NotWritable or OutOfSpace (with the numbers) unless `folder` can take a render of `plan`. Makes the folder."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    needed = estimated_bytes(plan) + RESERVE_BYTES
    if free < needed:
        raise OutOfSpace(
            f"{free / 1e6:.0f} MB are free, rendering {plan.preset.name} may need {needed / 1e6:.0f} MB",
            subject=str(folder), remedy="Free some space, or choose another disk.",
        )  # fmt: skip
