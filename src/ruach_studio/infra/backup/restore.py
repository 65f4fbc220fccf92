"""Turn a backup into a service's database and folders again, or change nothing.

First every file is checked against the manifest, then that the place is empty. Files are put first, the database in one
transaction after them, its revision last: without it nothing starts on that database, and a restore that broke off
is begun again by giving the same command. A backup of an earlier release is migrated forward at the end.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruach_studio import __version__
from ruach_studio.infra.backup import manifest, programs, store
from ruach_studio.infra.backup.errors import BackupNewer, NotEmpty
from ruach_studio.infra.backup.files import put_back, refuse_foreign
from ruach_studio.infra.backup.manifest import BackupFile, Manifest
from ruach_studio.infra.backup.store import CursorLog, Standing
from ruach_studio.infra.backup.take import DUMP, OURS
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.db.migrate import head_revision, make_schemas

_MAJOR = 10000


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: the backup's manifest, files written, and whether a broken-off restore was begun again."""

    manifest: Manifest
    files: int
    began_again: bool


def check(folder: Path) -> Manifest:
    """Return the manifest of a backup whose every file is as written and which this release can take.

    Raises NotABackup, BackupDamaged, BackupNewer.
    """
    found = manifest.read(folder)
    if found.revision > head_revision():
        raise BackupNewer(
            f"it was made by release {found.release} at revision {found.revision};"
            f" this is {__version__}, which knows up to {head_revision()}",
            subject=str(folder),
            remedy=f"Restore it with release {found.release} or newer.",
        )
    manifest.verify(folder, found)
    return found


async def restore(
    database: Database, folder: Path, found: Manifest, folders: Mapping[str, Path], *, logs: Sequence[CursorLog]
) -> Restored:
    """Put the backup in `folder` into an empty database and empty `folders` (name in the backup -> where it goes).

    `found` is what `check` returned for it; `logs` are the tables that are followed by transaction id. Raises NotEmpty,
    BackupNewer (the server is older than the backup's), DatabaseToolFailed.
    """
    parts = {name: _below(found, name) for name in folders}
    async with database.connection() as conn:
        state = await store.standing(conn, OURS)
        serves = await store.server_version(conn)
    if state is Standing.TAKEN:
        raise NotEmpty(
            "it holds data already", subject="database",
            remedy="Restore into a new data folder with --into, or name an empty database in RUACH_DATABASE_URL.",
        )  # fmt: skip
    if serves // _MAJOR < found.server_version // _MAJOR:
        raise BackupNewer(
            f"it comes from PostgreSQL {found.server_version // _MAJOR}, this server is {serves // _MAJOR}",
            subject=str(folder), remedy="Restore into a server that is not older.",
        )  # fmt: skip
    for name, target in folders.items():
        await asyncio.to_thread(refuse_foreign, target, name, parts[name])
    put = 0
    for name, target in folders.items():
        put += await asyncio.to_thread(put_back, folder, name, parts[name], target)
    if state is Standing.BROKEN_OFF:
        async with database.transaction() as tx:
            await store.drop(tx, OURS)
    await asyncio.to_thread(make_schemas, database.dsn)
    await asyncio.to_thread(programs.restore, database.dsn, OURS, folder / DUMP)
    async with database.transaction() as tx:
        await store.renumber(tx, logs)
        await store.write_revision(tx, found.revision)
    await migrate(database.dsn)
    return Restored(found, put, state is Standing.BROKEN_OFF)


def _below(found: Manifest, name: str) -> list[BackupFile]:
    return [entry for entry in found.files if entry.path.startswith(f"{name}/")]
