"""Turn a running service into a folder that can become it again: see take.py and restore.py."""

from ruach_studio.infra.backup.errors import BackupDamaged, BackupExists, BackupNewer, NotABackup, NotEmpty
from ruach_studio.infra.backup.manifest import Manifest
from ruach_studio.infra.backup.restore import Restored, check, restore
from ruach_studio.infra.backup.store import CursorLog
from ruach_studio.infra.backup.take import take

__all__ = [
    "BackupDamaged",
    "BackupExists",
    "BackupNewer",
    "CursorLog",
    "Manifest",
    "NotABackup",
    "NotEmpty",
    "Restored",
    "check",
    "restore",
    "take",
]
