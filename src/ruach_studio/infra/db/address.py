"""Turn any way to write a PostgreSQL address into libpq's own, which psycopg, BullMQ and SQLAlchemy all take.

`postgresql+psycopg://…` and `postgres://…` become `postgresql://…`; libpq's key=value form stays. SQLAlchemy gets the
parsed parameters, not a URL of its own, so a Unix socket (`?host=/dir`) or several hosts need no second spelling.
"""

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ruach_studio.kernel.errors import BadInput

_SCHEME = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")


def libpq_dsn(url: str) -> str:
    """Return `url` as libpq takes it; raise BadInput if libpq cannot read it (the message never repeats the address)."""
    dsn = _SCHEME.sub("postgresql://", url)
    parameters(dsn)
    return dsn


def parameters(dsn: str) -> dict[str, str]:
    """Return the connection parameters (host, port, dbname, user, …) that `dsn` gives."""
    try:
        found = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise BadInput(
            "it is not a PostgreSQL address",
            subject="database_url",
            remedy="Write postgresql://user:password@host:5432/database.",
        ) from None
    return {name: str(value) for name, value in found.items() if value is not None}
