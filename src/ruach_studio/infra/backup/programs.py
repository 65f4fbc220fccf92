"""Turn a database into one file and back, by the pg_dump and pg_restore that the embedded server's wheel brings.

The address travels in the environment, not on the command line, where every user of the machine could read a password.
`alembic_version` travels without its row: the restore writes it last, so a database that has none is not whole.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from psycopg import pq

from ruach_studio.infra.backup.errors import DatabaseToolFailed
from ruach_studio.infra.children import ends_with_us
from ruach_studio.infra.db.address import libpq_dsn, parameters
from ruach_studio.infra.embedded.identity import wheel_programs


def dump(database_url: str, snapshot: str, schemas: Sequence[str], version_table: str, file: Path) -> None:
    """Write `schemas` as they stand in the exported `snapshot`. Raises DatabaseToolFailed."""
    named = [f"--schema={schema}" for schema in schemas]
    _run(
        database_url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", *named,
        f"--exclude-table-data={version_table}", f"--snapshot={snapshot}", f"--file={file}",
    )  # fmt: skip
    with file.open("rb") as written:
        os.fsync(written.fileno())


def restore(database_url: str, schemas: Sequence[str], file: Path) -> None:
    """Load `schemas`, which exist and are empty, in one transaction. Raises DatabaseToolFailed."""
    named = [f"--schema={schema}" for schema in schemas]
    database = parameters(libpq_dsn(database_url)).get("dbname", "")
    _run(
        database_url, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", *named,
        f"--dbname={database}", str(file),
    )  # fmt: skip


def _run(database_url: str, program: str, *arguments: str) -> None:
    command = [str(wheel_programs() / program), "--no-password", *arguments]
    done = subprocess.run(
        ends_with_us(command), env=_environment(database_url), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise DatabaseToolFailed(
            said[0] if said else f"it ended with {done.returncode}", subject=program,
            remedy="See that the server runs and that its disk has room; nothing was changed.", said=done.stderr[-4000:],
        )  # fmt: skip


def _environment(database_url: str) -> dict[str, str]:
    """Return our environment with every PG* variable replaced by what the address says."""
    names = {
        option.keyword.decode(): option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar is not None
    }
    given = parameters(libpq_dsn(database_url))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", **{names[key]: value for key, value in given.items() if key in names}}
