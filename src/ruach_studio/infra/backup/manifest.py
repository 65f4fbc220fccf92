"""Turn what a backup holds into `manifest.json` and back: the last file written, without which a folder is no backup.

It names the release and the schema's revision, every file with its size and SHA-256, what lies in a bucket (listed, not
copied), and the settings without a secret; its own digest stands in it. Reading checks the digest; `verify` the files.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruach_studio.infra.backup.errors import BackupDamaged, BackupNewer, NotABackup

FORMAT = 1
NAME = "manifest.json"
_AGAIN = "Take another backup; this one cannot be trusted."


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of the backup; `path` is relative to its folder."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BucketObject:
    """One object that stays in its bucket; `etag` is the bucket's own."""

    key: str
    size_bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `damaged`: stored objects that were no longer what was stored when the backup was taken."""

    release: str
    revision: str
    server_version: int
    made_at: str
    settings: Mapping[str, Any]
    files: Sequence[BackupFile]
    bucket: Sequence[BucketObject] = ()
    damaged: Sequence[str] = field(default=())

    def to_wire(self) -> dict[str, Any]:
        """Return the manifest as JSON fields, its digest last."""
        wire: dict[str, Any] = {
            "format": FORMAT,
            "release": self.release,
            "revision": self.revision,
            "serverVersion": self.server_version,
            "madeAt": self.made_at,
            "settings": dict(self.settings),
            "settingsSha256": _digest(dict(self.settings)),
            "files": [{"path": each.path, "sizeBytes": each.size_bytes, "sha256": each.sha256} for each in self.files],
            "bucket": [{"key": each.key, "sizeBytes": each.size_bytes, "etag": each.etag} for each in self.bucket],
            "damaged": list(self.damaged),
        }
        return {**wire, "digest": _digest(wire)}


def read(folder: Path) -> Manifest:
    """Return the manifest of the backup in `folder`. Raises NotABackup, BackupDamaged, BackupNewer."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except OSError as error:
        raise NotABackup(
            f"it holds no {NAME}, which is written last", subject=str(folder), remedy="Name the folder of a finished backup."
        ) from error
    try:
        wire = json.loads(text)
        digest, form = wire.pop("digest"), wire["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupDamaged(f"{NAME} cannot be read", subject=str(folder), remedy=_AGAIN) from error
    if digest != _digest(wire):
        raise BackupDamaged(f"{NAME} is not what was written", subject=str(folder), remedy=_AGAIN)
    if form > FORMAT:
        raise BackupNewer(
            f"its format is {form}, this release reads up to {FORMAT}", subject=str(folder),
            remedy=f"Restore it with release {wire.get('release', 'of its own')} or newer.",
        )  # fmt: skip
    return Manifest(
        wire["release"], wire["revision"], wire["serverVersion"], wire["madeAt"], wire["settings"],
        tuple(BackupFile(each["path"], each["sizeBytes"], each["sha256"]) for each in wire["files"]),
        tuple(BucketObject(each["key"], each["sizeBytes"], each["etag"]) for each in wire["bucket"]),
        tuple(wire["damaged"]),
    )  # fmt: skip


def verify(folder: Path, manifest: Manifest) -> None:
    """Hash every file of the backup. Raises BackupDamaged naming the first that is missing or altered."""
    for entry in manifest.files:
        path = folder / entry.path
        if not path.is_file():
            raise BackupDamaged("it is missing from the backup", subject=entry.path, remedy=_AGAIN)
        if path.stat().st_size != entry.size_bytes or sha256_of(path) != entry.sha256:
            raise BackupDamaged("its content is not what was written", subject=entry.path, remedy=_AGAIN)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(wire: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(wire, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
