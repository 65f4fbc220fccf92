"""Make the table of what has yet to reach a queue that lives outside PostgreSQL.

With the Redis backend a job's row commits here, with the rows around it, and BullMQ hears of it afterwards. A row leaves
when Redis has taken it. Empty and unused while the queues are on PostgreSQL.
"""

from alembic import op

revision = "0023"
down_revision = "0022"

_DISPATCH = """
CREATE TABLE platform.dispatch (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    verb text NOT NULL CHECK (verb IN ('add', 'remove')),
    queue text NOT NULL,
    job_id text NOT NULL,
    name text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    priority integer NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


def upgrade() -> None:
    """Create the table; a job's rows are found by its id."""
    op.execute(_DISPATCH)
    op.execute("CREATE INDEX dispatch_job ON platform.dispatch (job_id)")
