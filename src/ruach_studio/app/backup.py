"""Turn settings into what a backup of this installation holds, and a backup into an installation again.

Held: the database with its queues, the store (a bucket: its list), the energy that decisions are made again from, the
settings without secrets. Not held: footage (it stays where it was filmed to), and what is made again when it is missing:
proxies, peaks, thumbnails of footage, scratch, a render's working files. Nor what the store is still writing.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ruach_studio.infra import backup
from ruach_studio.infra.backup import CursorLog, Manifest, Restored
from ruach_studio.infra.backup.manifest import BucketObject
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.masking import masked
from ruach_studio.infra.settings import Settings
from ruach_studio.infra.storage.local_disk import KEPT

# Every table that is followed by (transaction id, position), and who follows it.
LOGS = (
    CursorLog("platform.outbox", "id", "platform.consumer", "outbox_id"),
    CursorLog("formation.journal", "pos", "formation.xapi_cursor", "pos"),
)


async def take_backup(settings: Settings, target: Path, *, link: bool = True) -> Manifest:
    """Back up this installation, running or not. Raises what `infra.backup.take` and the store raise."""
    bucket = await asyncio.to_thread(_listed, settings) if settings.storage == "s3" else []
    async with _database(settings) as database:
        return await backup.take(
            database, target, _folders(settings), clock=SystemClock(), settings=told(settings), bucket=bucket, link=link,
        )  # fmt: skip


async def restore_backup(settings: Settings, folder: Path) -> Restored:
    """Put a backup into the empty installation of these settings. Raises what `infra.backup.restore` raises."""
    found = await asyncio.to_thread(backup.check, folder)  # before a database is made for it
    settings.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    async with _database(settings) as database:
        return await backup.restore(database, folder, found, _folders(settings), logs=LOGS)


def told(settings: Settings) -> dict[str, Any]:
    """Return the settings that somebody set, as JSON fields, without secrets and with passwords masked."""
    given = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    plain = settings.model_dump(mode="json", include={name for name, value in given.items() if not _secret(value)})
    return {name: masked(value) if isinstance(value, str) else value for name, value in sorted(plain.items())}


def _secret(value: object) -> bool:
    return isinstance(value, SecretStr)


def _folders(settings: Settings) -> Mapping[str, Path]:
    folders = {"energy": settings.data_dir / "energy"}
    kept = () if settings.storage == "s3" else KEPT
    return {**folders, **{f"store/{each}": settings.store_dir / each for each in kept}}


def _listed(settings: Settings) -> list[BucketObject]:
    from ruach_studio.infra.storage.s3.listing import objects  # botocore: only whoever has a bucket loads it
    from ruach_studio.infra.storage.s3.place import open_client, place_of

    place = place_of(settings)
    return [BucketObject(*each) for each in objects(open_client(place), place)]


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    """Give the database as it is: a backup of an older schema is one of an older schema."""
    if settings.database_url is not None:
        async with Database(settings.database_url, pool_size=2) as database:
            yield database
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    url = await asyncio.to_thread(server.ensure)
    try:
        async with Database(url, pool_size=2) as database:
            yield database
    finally:
        await asyncio.to_thread(server.release)
