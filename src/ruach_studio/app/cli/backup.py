"""Turn `ruach backup --to FOLDER` into a folder that `ruach restore --from FOLDER` makes a service of again."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ruach_studio.app.backup import restore_backup, take_backup
from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.infra import backup as backups
from ruach_studio.infra.backup import Manifest, NotABackup, NotEmpty
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.infra.settings import Settings, load_settings
from ruach_studio.kernel.errors import RuachError


class StoreDamaged(RuachError):
    """Stored objects are no longer what was stored."""

    code = "store_damaged"


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    to: Annotated[Path, typer.Option("--to", help="The folder to make; it must not exist.")],
    copy: Annotated[bool, typer.Option("--copy", help="Copy every file, where a hard link would take no room.")] = False,
    json: Json = False,
) -> None:
    """Back up database, queues, store and energy while everything runs; whole, or not there at all."""
    settings = local_settings()
    configure(settings)

    async def work() -> Manifest:
        with bind(correlation_id=new_id()):
            return await take_backup(settings, to.expanduser().absolute(), link=not copy)

    made = asyncio.run(work())
    _tell(made, f"{to}: written", as_json=json)
    if made.damaged:
        raise StoreDamaged(
            f"{len(made.damaged)} are not what was stored: {', '.join(made.damaged[:5])}", subject=str(to),
            remedy="The backup holds them as they were found; render them again, or take them from an older backup.",
        )  # fmt: skip


def restore(
    from_: Annotated[Path, typer.Option("--from", help="The folder of a finished backup.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="A new data folder, with a database of its own, instead of the settings'.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only check the backup; change nothing.")] = False,
    json: Json = False,
) -> None:
    """Restore a backup into an empty database and store; an older release's is migrated forward."""
    folder = from_.expanduser().absolute()
    if check:
        _tell(backups.check(folder), f"{from_}: every file is as written", as_json=json)
        return
    settings = local_settings() if into is None else _new(into.expanduser().absolute())
    configure(settings)

    async def work() -> Manifest:
        with bind(correlation_id=new_id()):
            return (await restore_backup(settings, folder)).manifest

    if not folder.is_dir():
        raise NotABackup("there is no such folder", subject=str(from_), remedy="Name the folder of a finished backup.")
    _tell(
        asyncio.run(work()), f"{settings.data_dir if settings.database_url is None else 'database'}: restored", as_json=json
    )


def _new(data_dir: Path) -> Settings:
    """Return settings whose data folder is new: its own database, its own store. Raises NotEmpty."""
    if data_dir.exists() and any(data_dir.iterdir()) and not (data_dir / "postgres").is_dir():
        raise NotEmpty(subject=str(data_dir), remedy="Name a folder that does not exist.")
    given = local_settings()
    return load_settings(data_dir=data_dir, store_dir=data_dir / "store", database_url=None, log_level=given.log_level)


def _tell(made: Manifest, headline: str, *, as_json: bool) -> None:
    size = sum(each.size_bytes for each in made.files)
    if as_json:
        show.print_json(
            {
                "release": made.release, "revision": made.revision, "madeAt": made.made_at, "files": len(made.files),
                "sizeBytes": size, "inBucket": len(made.bucket), "damaged": list(made.damaged),
            }
        )  # fmt: skip
        return
    show.line(f"{headline}; {len(made.files)} files, {size / 1e6:.1f} MB, schema {made.revision} of release {made.release}")
    if made.bucket:
        show.line(f"{len(made.bucket)} objects stay in their bucket; they are listed, not copied")
