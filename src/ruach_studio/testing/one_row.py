"""Turn a schema of any revision into one that has a row in every table: what a migration must carry forward.

Values come from the catalogue: by the column's type, the first word that its check allows, or a row that its foreign key
names. `WORDS` says what no catalogue tells. A table that refuses its row is named, with what it said: add a word for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

Conn = psycopg.Connection[tuple[Any, ...]]

WORDS: Mapping[tuple[str, str], str] = {
    ("platform.decision_input", "inputs"): "'x'",
    ("platform.decision_input", "hash"): "encode(sha256('x'), 'hex')",
    ("platform.account", "email"): "'a@example.org'",
    ("platform.confirmation", "expires_at"): "'2026-03-01 13:00+00'",
    ("formation.reflection", "text"): "'words'",
    ("formation.insight", "text"): "'words'",
    ("assembly.derivative", "derivative_id"): "repeat('a', 32)",
}
_BY_NAME = {"sha256": "repeat('a', 64)", "token_sha256": "sha256('x')"}
_BY_TYPE = {
    "text": "'x'", "uuid": "'11111111-1111-4111-8111-111111111111'", "integer": "1", "bigint": "1", "smallint": "1",
    "boolean": "true", "timestamp with time zone": "'2026-03-01 12:00+00'", "date": "'2026-03-01'", "jsonb": "'{}'",
    "double precision": "0.5", "real": "0.5", "numeric": "1", "xid8": "'3'",
    "vector": "'[1,2]'", "bytea": "'\\x00'", "interval": "'1 s'",
}  # fmt: skip
_TABLES = """
SELECT n.nspname || '.' || c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s) AND c.relkind = 'r' AND c.relname <> 'alembic_version' ORDER BY c.oid
"""
_COLUMNS = """
SELECT a.attname, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL), t.oid,
    EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = a.attrelid AND f.contype = 'f' AND a.attnum = ANY(f.conkey))
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
ORDER BY a.attnum
"""
_FIRST_WORD = """
SELECT (regexp_match(pg_get_constraintdef(oid), '(?:' || %(column)s || '|VALUE) = ANY \\(+ARRAY\\[(''[^'']*'')'))[1]
FROM pg_constraint WHERE contype = 'c' AND (conrelid = %(table)s OR contypid = %(type)s) ORDER BY 1 NULLS LAST LIMIT 1
"""
_FOREIGN = """
SELECT f.confrelid::regclass::text, r.attname FROM pg_constraint f
CROSS JOIN LATERAL unnest(f.conkey, f.confkey) AS k (here, there)
JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.here
JOIN pg_attribute r ON r.attrelid = f.confrelid AND r.attnum = k.there
WHERE f.contype = 'f' AND f.conrelid = %s AND a.attname = %s LIMIT 1
"""


def fill(conn: Conn, schemas: Sequence[str]) -> list[str]:
    """Insert a row into every empty table that takes one; return the tables that took none, each with its reason."""
    refused: dict[str, str] = {}
    tables = conn.execute(_TABLES, (list(schemas),)).fetchall()
    for _ in range(3):  # a table may come before the one that it refers to
        refused = {}
        for name, oid in tables:
            if conn.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(_named(name))).fetchone() is None:
                try:
                    with conn.transaction():
                        _insert(conn, name, oid)
                except psycopg.Error as error:
                    refused[name] = str(error).splitlines()[0]
        if not refused:
            break
    return [f"{name}: {reason}" for name, reason in sorted(refused.items())]


def rows(conn: Conn, schemas: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table as a mapping of its columns."""
    found = {}
    for name, _ in conn.execute(_TABLES, (list(schemas),)).fetchall():
        query = sql.SQL("SELECT to_jsonb(t) FROM {} t ORDER BY 1").format(_named(name))
        found[name] = [row[0] for row in conn.execute(query).fetchall()]
    return found


def _insert(conn: Conn, table: str, oid: int) -> None:
    values = {column: WORDS[(table, column)] for name, column in WORDS if name == table}
    for column, kind, type_oid, foreign in conn.execute(_COLUMNS, (oid,)).fetchall():
        if column not in values:
            values[column] = _foreign(conn, oid, column) if foreign else _value(conn, oid, column, kind, type_oid)
    statement = "INSERT INTO {} ({}) VALUES ({})"
    conn.execute(
        sql.SQL(statement).format(
            _named(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.SQL(value) for value in values.values()),
        )
        if values
        else sql.SQL("INSERT INTO {} DEFAULT VALUES").format(_named(table))
    )


def _value(conn: Conn, table: int, column: str, kind: str, type_oid: int) -> str:
    found = conn.execute(_FIRST_WORD, {"column": column, "table": table, "type": type_oid}).fetchone()
    if found is not None and found[0] is not None:
        return str(found[0])
    if column in _BY_NAME:
        return _BY_NAME[column]
    return "'{}'" if kind.endswith("[]") else _BY_TYPE.get(kind, "NULL")


def _foreign(conn: Conn, table: int, column: str) -> str:
    found = conn.execute(_FOREIGN, (table, column)).fetchone()
    if found is None:
        raise AssertionError(f"{table}.{column} has a foreign key and none")
    return f"(SELECT {found[1]} FROM {found[0]} LIMIT 1)"  # noqa: S608


def _named(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))
