"""Make the cursors of the statement streams: how far each learning record store has come, and what it refused.

A cursor is the journal's (transaction id, position), so that a late commit is never behind it.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_TABLES = """
CREATE TABLE formation.xapi_cursor (
    sink text PRIMARY KEY,
    xid xid8 NOT NULL,
    pos bigint NOT NULL,
    sent bigint NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL
);
CREATE TABLE formation.xapi_parked (
    sink text NOT NULL,
    event_id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    version bigint NOT NULL,
    statement_id uuid NOT NULL,
    status integer NOT NULL,
    answer text NOT NULL,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (sink, event_id)
)
"""


def upgrade() -> None:
    """Create both tables."""
    op.execute(_TABLES)
