"""Turn a running service's database and folders into a backup: whole, or not there at all.

Everything goes into a draft beside the target: the database as of one snapshot, then the files (those of rows in the
snapshot are there by then; a later one more does no harm), the manifest last. Then the draft gets the target's name. A
killed backup leaves a draft, which restore does not take and the next backup to the same place clears away. Nothing is
stopped for it; a snapshot holds back no writer.
"""

import asyncio
import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ruach_studio import __version__
from ruach_studio.infra.backup import manifest, programs, store
from ruach_studio.infra.backup.errors import BackupExists, NotABackup
from ruach_studio.infra.backup.files import gather, stored_sha256
from ruach_studio.infra.backup.manifest import BackupFile, BucketObject, Manifest, sha256_of
from ruach_studio.infra.db import Database
from ruach_studio.infra.db.errors import mapped_errors
from ruach_studio.infra.db.migrate import BULLMQ_SCHEMA, SCHEMAS, VERSION_SCHEMA
from ruach_studio.infra.storage.durable import make_folder, sync_folder
from ruach_studio.kernel.clock import Clock

DUMP = "database.dump"
OURS = (*SCHEMAS, BULLMQ_SCHEMA)


async def take(
    database: Database, target: Path, folders: Mapping[str, Path], *, clock: Clock, settings: Mapping[str, Any],
    bucket: Sequence[BucketObject] = (), link: bool = True,
) -> Manifest:  # fmt: skip
    """Back up the database and `folders` (name in the backup -> where they lie) to `target`, which must not exist.

    `settings` are written as they are: hand in none that is secret. `link`: hard-link where that is possible. Raises
    BackupExists, DatabaseToolFailed, NotABackup (the database was never migrated), Unavailable.
    """
    _refuse_if_there(target)
    make_folder(target.parent)
    with _draft(target) as draft:
        with mapped_errors():
            async with store.snapshot(database) as moment:
                if moment.revision is None:
                    raise NotABackup("there is nothing in it yet", subject="database", remedy="Start the service once.")
                file = draft / DUMP
                version_table = f"{VERSION_SCHEMA}.alembic_version"
                await asyncio.to_thread(programs.dump, database.dsn, moment.name, OURS, version_table, file)
        files = [BackupFile(DUMP, file.stat().st_size, sha256_of(file))]
        for name, folder in sorted(folders.items()):
            files += await asyncio.to_thread(gather, folder, draft, name, link=link)
        made = Manifest(
            __version__, moment.revision, moment.server_version, clock.now().isoformat(), settings, tuple(files),
            tuple(bucket), tuple(_damaged(draft, files)),
        )  # fmt: skip
        await asyncio.to_thread(_finish, draft, target, made)
    return made


def _refuse_if_there(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise BackupExists(subject=str(target), remedy="Name a folder that does not exist; a backup never overwrites.")


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """Give a draft folder beside the target, locked while we live; clear away what killed backups left."""
    ours = f".{target.name}.draft-"
    for left in [each for each in target.parent.iterdir() if each.name.startswith(ours)]:
        with suppress(FileNotFoundError), _lock(left) as free:  # another backup clears away at the same time
            if free:
                shutil.rmtree(left, ignore_errors=True)
    draft = target.parent / f"{ours}{uuid.uuid4().hex}"
    draft.mkdir(mode=0o700)
    with _lock(draft):
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Lock the folder itself and say whether we got it; the lock goes with its process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _damaged(draft: Path, files: Sequence[BackupFile]) -> list[str]:
    """Return the stored objects whose content is not what their metadata says; the backup holds them as they were found."""
    found = []
    for entry in files:
        folder, _, key = entry.path.partition("/objects/")
        if key:
            said = stored_sha256(draft / folder / "meta" / f"{key}~.json", draft / entry.path)
            if said is not None and said != entry.sha256:
                found.append(key)
    return found


def _finish(draft: Path, target: Path, made: Manifest) -> None:
    for where, _, _ in os.walk(draft):
        sync_folder(Path(where))
    with (draft / manifest.NAME).open("x", encoding="utf-8") as file:
        json.dump(made.to_wire(), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(draft)
    try:
        draft.rename(target)
    except OSError as error:
        raise BackupExists(subject=str(target), remedy="Somebody else made it meanwhile; name another folder.") from error
    sync_folder(target.parent)
