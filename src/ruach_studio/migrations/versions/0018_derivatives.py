"""Make the table of proxies, peaks and thumbnails, and let a session's jobs be found.

A derivative belongs to one file as it is (path, size, modification time), whichever sessions use it; its id is made of
that, so asking twice is asking once. The files lie under the data folder.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

_DERIVATIVE = """
CREATE TABLE assembly.derivative (
    derivative_id text PRIMARY KEY CHECK (derivative_id ~ '^[0-9a-f]{32}$'),
    kind text NOT NULL CHECK (kind IN ('proxy', 'peaks', 'thumbnails')),
    source_path text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'ready', 'failed', 'cancelled')),
    job_id text,
    facts jsonb NOT NULL DEFAULT '{}',
    error jsonb,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
)
"""


def upgrade() -> None:
    """Create the table and the indexes."""
    op.execute(_DERIVATIVE)
    op.execute("CREATE INDEX derivative_unfinished ON assembly.derivative (state) WHERE state IN ('queued', 'running')")
    op.execute(
        "CREATE INDEX execution_session ON platform.execution ((payload ->> 'sessionId'), created_at DESC)"
        " WHERE queue IN ('assembly-jobs', 'media-transcoding')"
    )
