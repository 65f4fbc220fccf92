"""Every way to write an address becomes libpq's own; a wrong one is refused without repeating it."""

import psycopg
import pytest

from ruach_studio.infra.db import Database
from ruach_studio.infra.db.address import libpq_dsn, parameters
from ruach_studio.kernel.errors import BadInput


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"])
def test_every_scheme_becomes_libpqs(scheme: str) -> None:
    dsn = libpq_dsn(f"{scheme}://u:p%20w@h:6543/d?sslmode=require")
    assert dsn == "postgresql://u:p%20w@h:6543/d?sslmode=require"
    assert parameters(dsn) == {
        "user": "u",
        "password": "p w",
        "host": "h",
        "port": "6543",
        "dbname": "d",
        "sslmode": "require",
    }


def test_a_unix_socket_and_key_value_form_keep_their_meaning() -> None:
    assert parameters(libpq_dsn("postgresql://ruach@/ruach?host=%2Ftmp%2Fa%20b&port=5432"))["host"] == "/tmp/a b"
    assert parameters(libpq_dsn("host=/run/x dbname=d user='a b'")) == {"host": "/run/x", "dbname": "d", "user": "a b"}


@pytest.mark.parametrize("wrong", ["mysql://u:hunter2@h/d", "hunter2", "postgresql://u@h/d?hunter2=1", "postgresql://[::1"])
def test_a_wrong_address_is_refused_without_repeating_it(wrong: str) -> None:
    with pytest.raises(BadInput, match="not a PostgreSQL address") as caught:
        Database(wrong)
    assert "hunter2" not in str(caught.value)


async def test_sqlalchemy_and_plain_psycopg_reach_the_same_place(database: Database) -> None:
    async with database.connection() as conn:
        name = (await conn.exec_driver_sql("select current_database()")).scalar_one()
    with psycopg.connect(database.dsn) as plain:
        assert plain.execute("select current_database()").fetchone() == (name,)
    assert name.startswith("t_")
