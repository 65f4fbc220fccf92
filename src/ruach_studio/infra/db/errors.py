"""Turn what the driver says when the server is away, busy or full into Unavailable (503, retryable) or OutOfSpace (507).

A broken constraint or a wrong statement is not an outage: those pass unchanged.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc

from ruach_studio.kernel.errors import OutOfSpace, RuachError, Unavailable


class DatabaseUnavailable(Unavailable):
    """The database does not answer right now."""

    code = "database_unavailable"


class DatabaseFull(OutOfSpace):
    """The database's disk has no room left."""

    code = "database_full"


_DISK_FULL = "53100"
_CONNECTION_LOST = "8s2b"  # SQLAlchemy's code of what a statement meets after one that was told so


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Map driver errors at the edge of a transaction; everything else passes through."""
    try:
        yield
    except exc.TimeoutError as error:
        raise DatabaseUnavailable(
            "every connection is in use", subject="database", remedy="Try again shortly, or raise RUACH_DATABASE_POOL_SIZE."
        ) from error
    except exc.DBAPIError as error:
        if not (error.connection_invalidated or isinstance(error, exc.OperationalError | exc.InterfaceError)):
            raise
        raise _unavailable(error.orig if error.orig is not None else error) from error
    except exc.PendingRollbackError as error:
        if error.code != _CONNECTION_LOST:
            raise
        raise DatabaseUnavailable(
            "the connection was lost within the transaction", subject="database",
            remedy="Try again shortly; see that the server runs.",
        ) from error  # fmt: skip
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise _unavailable(error) from error


def _unavailable(error: BaseException) -> RuachError:
    state = getattr(error, "sqlstate", None)
    said = str(error).strip().splitlines()
    fact = said[0] if said else type(error).__name__
    if state == _DISK_FULL:
        return DatabaseFull(fact, subject="database", remedy="Free space on the database's disk.", sqlstate=state)
    return DatabaseUnavailable(
        fact, subject="database", remedy="Try again shortly; see that the server runs.", sqlstate=state or ""
    )
