"""Make the ledger of what Remotion Lambda costs, by which the monthly cap is kept.

One row per render that was started: what was set aside before it, and what it did cost. A row without `cost_usd` counts
with what was set aside. The month is the one (UTC) in which the render began.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

_LEDGER = """
CREATE TABLE render.lambda_cost (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    output_key text NOT NULL,
    session_id text NOT NULL,
    format text NOT NULL,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    reserved_usd double precision NOT NULL CHECK (reserved_usd >= 0),
    cost_usd double precision CHECK (cost_usd >= 0),
    reserved_at timestamptz NOT NULL,
    settled_at timestamptz
)
"""


def upgrade() -> None:
    """Create the table and the indexes."""
    op.execute(_LEDGER)
    op.execute("CREATE INDEX lambda_cost_month ON render.lambda_cost (month)")
    op.execute("CREATE INDEX lambda_cost_open ON render.lambda_cost (output_key) WHERE settled_at IS NULL")
