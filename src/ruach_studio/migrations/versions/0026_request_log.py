"""Make the record of who asked for what (the beginning of every trace), and the indexes by which a trace is read.

Only requests that may change something, without path, query, body or network address: a route's template, its status, the
caller's name as in the audit. Rows go after RUACH_REQUEST_LOG_DAYS.
"""

from alembic import op

revision = "0026"
down_revision = "0025"

_REQUEST = """
CREATE TABLE platform.request_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    correlation_id text NOT NULL,
    method text NOT NULL,
    route text NOT NULL,
    status integer NOT NULL,
    actor text,
    at timestamptz NOT NULL,
    took_ms double precision NOT NULL
);
CREATE INDEX request_log_correlation ON platform.request_log (correlation_id);
CREATE INDEX request_log_at ON platform.request_log (at);
"""

_INDEXES = """
CREATE INDEX outbox_correlation ON platform.outbox (correlation_id);
CREATE INDEX outbox_automation ON platform.outbox (automation_id) WHERE automation_id IS NOT NULL;
CREATE INDEX dead_letter_correlation ON platform.dead_letter (correlation_id);
CREATE INDEX artifact_newest ON render.artifact (stored_at DESC);
"""


def upgrade() -> None:
    """Make the table and the indexes."""
    op.execute(_REQUEST)
    op.execute(_INDEXES)
