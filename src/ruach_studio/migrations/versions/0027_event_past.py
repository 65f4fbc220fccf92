"""Make the memory of events that were pruned from the outbox: who heard what when, by the ids of a request, no payload.

`heard` is {consumer: when it took effect}. Ids stand here so that a request's story can still be told.
"""

from alembic import op

revision = "0027"
down_revision = "0026"

_PAST = """
CREATE TABLE platform.event_past (
    event_id text PRIMARY KEY,
    event_type text NOT NULL,
    version integer NOT NULL,
    occurred_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    automation_id text,
    heard jsonb NOT NULL,
    pruned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX event_past_correlation ON platform.event_past (correlation_id);
CREATE INDEX event_past_automation ON platform.event_past (automation_id) WHERE automation_id IS NOT NULL
"""


def upgrade() -> None:
    """Create the table and its indexes."""
    op.execute(_PAST)
