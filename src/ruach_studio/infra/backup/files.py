"""Turn a living folder into a copy of it and back, file by file.

What the store and the energy folder hold is never written in place, only renamed into it, so a hard link is as good as a
copy and takes no room: it is made where both lie on one disk, unless a copy is asked for. A file that goes away meanwhile
was deleted, and is left out; one that is still being written has no name yet. So hand in no folder in which others write
under a name of their own: a link to such a file goes on changing after it was hashed.
"""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruach_studio.infra.backup.errors import NotEmpty
from ruach_studio.infra.backup.manifest import BackupFile, sha256_of
from ruach_studio.infra.storage.durable import make_folder, sync_folder


def gather(source: Path, target: Path, name: str, *, link: bool) -> list[BackupFile]:
    """Bring every file below `source` to `target`/`name`, in the order of their names; return what arrived."""
    arrived = []
    for path in sorted(files_below(source)):
        inside = Path(name) / path.relative_to(source)
        place = target / inside
        make_folder(place.parent)
        with suppress(FileNotFoundError):  # deleted since we saw it
            bring(path, place, link=link)
            arrived.append(BackupFile(inside.as_posix(), place.stat().st_size, sha256_of(place)))
    return arrived


def bring(source: Path, place: Path, *, link: bool) -> None:
    """Make `place` a hard link or a copy of `source`, with its times; it appears whole or not at all."""
    if link:
        with suppress(OSError):  # another disk, or one that knows no links: copy instead
            place.hardlink_to(source)
            return
    part = place.with_name(f".{uuid.uuid4().hex}.part")
    try:
        shutil.copy2(source, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, place)
    finally:
        part.unlink(missing_ok=True)


def put_back(folder: Path, name: str, entries: list[BackupFile], target: Path) -> int:
    """Copy the backup's files below `name` to `target`; return how many were put. What is there already, stays."""
    put = 0
    for entry in entries:
        place = target / Path(entry.path).relative_to(name)
        if place.is_file() and place.stat().st_size == entry.size_bytes and sha256_of(place) == entry.sha256:
            continue
        make_folder(place.parent)
        bring(folder / entry.path, place, link=False)
        sync_folder(place.parent)
        put += 1
    return put


def refuse_foreign(target: Path, name: str, entries: list[BackupFile]) -> None:
    """Raise NotEmpty if `target` holds a file that is not the backup's own; a broken-off restore may go on."""
    known = {Path(entry.path).relative_to(name): entry for entry in entries}
    for path in files_below(target):
        entry = known.get(path.relative_to(target))
        if entry is None or path.stat().st_size != entry.size_bytes or sha256_of(path) != entry.sha256:
            raise NotEmpty(
                "it is there and not from this backup", subject=str(path),
                remedy="Restore into a new folder with --into, or move this data away first.",
            )  # fmt: skip


def files_below(folder: Path) -> Iterator[Path]:
    """Yield every plain file below `folder`, none if it is not there; hidden ones are somebody's work in progress."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def stored_sha256(meta: Path, place: Path) -> str | None:
    """Return what a store's metadata says that `place` hashes to; None if it speaks of another state or is not there."""
    try:
        facts: dict[str, Any] = json.loads(meta.read_text())
        state = place.stat()
    except (OSError, ValueError):
        return None
    same = facts.get("sizeBytes") == state.st_size and facts.get("mtimeNs") == state.st_mtime_ns
    return str(facts["sha256"]) if same and "sha256" in facts else None
