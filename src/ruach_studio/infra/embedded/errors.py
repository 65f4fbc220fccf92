"""Turn what the server wrote into its log into an error that a person can act on."""

import re
from collections.abc import Sequence
from pathlib import Path

from ruach_studio.kernel.errors import OutOfSpace, RuachError, Unavailable

_TAIL_BYTES = 4000
_TAIL_LINES = 12
_NO_SPACE = "No space left on device"


class EmbeddedServerDown(Unavailable):
    """The embedded PostgreSQL could not be started."""

    code = "embedded_postgres_down"


class EmbeddedDiskFull(OutOfSpace):
    """The embedded PostgreSQL has no room left on its disk."""

    code = "embedded_postgres_disk_full"


def log_tail(log: Path, start_byte: int = 0) -> str:
    """Return the last lines that the server wrote after `start_byte` of its log."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(start_byte, log.stat().st_size - _TAIL_BYTES))
        return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-_TAIL_LINES:])


def server_error(fact: str, *, folder: Path, said: str, remedy: str = "") -> RuachError:
    """Build the error for `fact`, with the line that explains it and the tail of what the server `said`."""
    explanation = _explanation(said.splitlines())
    if explanation:
        fact = f"{fact}: {explanation}"
    if _NO_SPACE in said:
        return EmbeddedDiskFull(fact, subject=str(folder), remedy="Free space on this disk, then start again.", log=said)
    return EmbeddedServerDown(
        fact,
        subject=str(folder),
        remedy=remedy or f"Read {folder / 'server.log'}, or set RUACH_DATABASE_URL to a server of your own.",
        log=said,
    )


def _explanation(lines: Sequence[str]) -> str:
    """Return the line that says why, without its time stamp; a bad setting is explained above the FATAL line."""
    fatal = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:"))]
    fatal = [line for line in fatal if "FATAL:  the database system is" not in line] or fatal  # said to our own probe
    if fatal and "contains errors" in fatal[-1]:
        fatal = [line for line in lines if "LOG:" in line and ("line" in line or "parameter" in line)] or fatal
    return re.sub(r"^[-\d: .]+ \w+ \[\d+\] ", "", fatal[-1].strip()) if fatal else (lines[-1].strip() if lines else "")
