"""Keep each queue's backpressure level over restarts, and which work may be held back.

`execution.pausable` is said by whoever enqueues; jobs of before that wait are set as render says today: everything but
the programme and an operator's critical renders (priority 0). `queue_pressure.paused_since` is set by the monitor and
cleared by an operator only.
"""

from alembic import op

revision = "0024"
down_revision = "0023"

_PRESSURE = """
CREATE TABLE platform.queue_pressure (
    queue text PRIMARY KEY,
    level text NOT NULL DEFAULT 'normal' CHECK (level IN ('normal', 'warning', 'degraded', 'shedding')),
    level_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    depth integer NOT NULL DEFAULT 0 CHECK (depth >= 0),
    paused_since timestamptz,
    correlation_id text
)
"""
_WAITING = """
UPDATE platform.execution SET pausable = true
 WHERE queue = 'render-jobs' AND name = 'render' AND state IN ('queued', 'running') AND priority > 0
   AND payload ->> 'format' <> 'full_16_9'
"""


def upgrade() -> None:
    """Add the column and the table."""
    op.execute("ALTER TABLE platform.execution ADD COLUMN pausable boolean NOT NULL DEFAULT false")
    op.execute(_WAITING)
    op.execute(_PRESSURE)
