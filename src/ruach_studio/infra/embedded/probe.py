"""Turn a socket folder into one answer: which cluster serves there now?

Liveness is a query, never a file or a PID. The answer names the cluster, so that a server left over from a deleted folder
of the same name is not taken for ours.
"""

from enum import Enum
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from ruach_studio.infra.embedded.cluster import SUPERUSER
from ruach_studio.infra.embedded.layout import PORT, socket_path

DATABASE = "ruach"
_CONNECT_TIMEOUT_S = 5
_TOO_MANY_CONNECTIONS = "53300"


class Answer(Enum):
    """What the socket said."""

    OURS = "ours"
    ANOTHER = "another"
    NOT_YET = "not-yet"
    NOTHING = "nothing"


def dsn(socket_folder: Path, database: str = DATABASE) -> str:
    """Return the address of `database` on the server of that socket."""
    return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(socket_folder), safe='')}&port={PORT}"


def ask(socket_folder: Path, system_identifier: int | None) -> Answer:
    """Ask the server for its cluster's number; a full server (every connection in use) counts as alive."""
    if not socket_path(socket_folder).exists():
        return Answer.NOTHING
    try:
        with psycopg.connect(dsn(socket_folder, "postgres"), connect_timeout=_CONNECT_TIMEOUT_S, autocommit=True) as conn:
            row = conn.execute("select system_identifier::text from pg_control_system()").fetchone()
    except psycopg.OperationalError as error:
        if error.sqlstate == _TOO_MANY_CONNECTIONS or "too many clients" in str(error):
            return Answer.OURS
        return Answer.NOT_YET if "is starting up" in str(error) or "shutting down" in str(error) else Answer.NOTHING
    # pg_control holds the number unsigned, SQL shows it signed
    return Answer.OURS if row and int(row[0]) % 2**64 == system_identifier else Answer.ANOTHER


def ensure_database(socket_folder: Path) -> None:
    """Create our database if it is not there."""
    with psycopg.connect(dsn(socket_folder, "postgres"), connect_timeout=_CONNECT_TIMEOUT_S, autocommit=True) as conn:
        if conn.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone() is None:
            conn.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
