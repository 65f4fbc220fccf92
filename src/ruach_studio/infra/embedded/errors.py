"""Turn what the server wrote into its log into an error that a person can act on."""

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
    telling = [line for line in said.splitlines() if any(word in line for word in ("FATAL", "PANIC", "error:"))]
    if telling:
        fact = f"{fact}: {telling[-1].strip()}"
    if _NO_SPACE in said:
        return EmbeddedDiskFull(fact, subject=str(folder), remedy="Free space on this disk, then start again.", log=said)
    return EmbeddedServerDown(
        fact,
        subject=str(folder),
        remedy=remedy or f"Read {folder / 'server.log'}, or set RUACH_DATABASE_URL to a server of your own.",
        log=said,
    )
