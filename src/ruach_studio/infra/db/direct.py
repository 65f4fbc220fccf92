"""Turn a statement that stands before every request into one that is compiled once and handed to the driver as it is.

SQLAlchemy looks a statement up, binds, wraps rows and switches greenlets anew each time, which costs more than PostgreSQL
takes for a short read. Only for the few statements that every request or every member's question pays for (decision 25).
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from psycopg import AsyncConnection as Driver
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement


class DirectStatement:
    """A statement with named parameters; prepared by each connection at its first use there."""

    def __init__(self, statement: ClauseElement) -> None:
        """Take any Core or text statement whose parameters are all named."""
        self._statement = statement

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL and the values that the statement brings itself."""
        compiled = self._statement.compile(dialect=dialect())  # type: ignore[no-untyped-call]
        return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}

    async def run(self, conn: AsyncConnection | Driver, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows as the driver makes them (a uuid is a UUID), inside whatever transaction `conn` is in.

        A statement without rows returns none. Raises psycopg's errors, which `mapped_errors` maps like SQLAlchemy's.
        """
        if isinstance(conn, AsyncConnection):
            conn = cast(Driver, (await conn.get_raw_connection()).driver_connection)
        sql, values = self._compiled
        cursor = await conn.execute(sql, {**values, **given}, prepare=True)
        # not `description`, which makes an object of every column to say that there are any
        return await cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []
