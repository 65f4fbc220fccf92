"""Turn what can be wrong with a backup, or with the place of one, into errors that name the remedy."""

from ruach_studio.kernel.errors import BadInput, Conflict, RuachError


class BackupExists(Conflict):
    """There is something at this place already."""

    code = "backup_exists"


class NotABackup(BadInput):
    """This folder is not a finished backup."""

    code = "not_a_backup"


class BackupDamaged(RuachError):
    """The backup is not what was written."""

    code = "backup_damaged"


class BackupNewer(Conflict):
    """The backup was made by a newer release than this one."""

    code = "backup_newer"


class NotEmpty(Conflict):
    """There is data already where the backup should go."""

    code = "restore_not_empty"


class DatabaseToolFailed(RuachError):
    """A program of PostgreSQL did not do its part."""

    code = "database_tool_failed"
