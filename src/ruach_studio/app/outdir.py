"""Turn the wish "put it there" into a folder that can take it, before any work begins; nothing is made yet."""

import errno
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ruach_studio.kernel.errors import OutOfSpace
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.usecases.disk import COPIES, RESERVE_BYTES, NotWritable, disk_errors, estimated_bytes


def check_writable(folder: Path) -> None:
    """Raise NotWritable (exit 2) unless files can be made in `folder`, or `folder` itself can be made."""
    there = nearest_existing(folder)
    with disk_errors(folder):
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except FileNotFoundError as error:  # what /proc and the like answer
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there)) from error


def check_file(file: Path) -> None:
    """Raise NotWritable (exit 2) unless a file can be made at `file`, whose folder must exist."""
    if file.is_dir():
        raise NotWritable("it is a folder, not a file", subject=str(file), remedy="Name a file in it.")
    if not file.parent.exists():
        raise NotWritable("there is no such folder", subject=str(file.parent), remedy="Make it, or choose another place.")
    check_writable(file.parent)


def check_room(plans: Sequence[RenderPlan], folder: Path, *, copies: int = COPIES) -> None:
    """Raise OutOfSpace (exit 2) unless the disk of `folder` can take all of `plans`, each `copies` times."""
    needed = sum(estimated_bytes(plan) for plan in plans) * copies // COPIES + RESERVE_BYTES
    free = shutil.disk_usage(nearest_existing(folder)).free
    if free < needed:
        raise OutOfSpace(
            f"{free / 1e6:.0f} MB are free on that disk, and {needed / 1e6:.0f} MB may be needed",
            subject=str(folder), remedy="Free some space, or choose another disk.",
        )  # fmt: skip


def nearest_existing(folder: Path) -> Path:
    """Return `folder`, or the closest of its parents that exists."""
    folder = folder.absolute()
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def place(source: Path, target: Path) -> None:
    """Put a finished file at `target` at once: a second name for the same bytes where the disk allows, else a copy."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")  # ours alone: a twin's may be a name of a finished file
    part.unlink(missing_ok=True)
    with disk_errors(target.parent):
        try:
            os.link(source, part)
        except OSError:  # another disk, or a file system without links
            shutil.copyfile(source, part)
        part.replace(target)
        part.unlink(missing_ok=True)  # renaming one name of a file to another of its names does nothing
