"""Make what recovery keeps: confirmations that wait for a second operator, and nodes that no migration could map.

At most one request for the same thing waits at a time: whoever asks for it as well is told to confirm it instead.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

_CONFIRMATION = """
CREATE TABLE platform.confirmation (
    id uuid PRIMARY KEY,
    command text NOT NULL CHECK (command <> ''),
    params jsonb NOT NULL,
    params_hash text NOT NULL,
    preview jsonb NOT NULL,
    requested_by uuid NOT NULL,
    requested_as text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > requested_at),
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'confirmed', 'rejected', 'expired', 'executed')),
    decided_by uuid,
    decided_at timestamptz,
    decision_reason text,
    result jsonb,
    CHECK (state <> 'executed' OR (decided_by IS NOT NULL AND decided_by <> requested_by)),
    CHECK ((state = 'pending') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX confirmation_pending ON platform.confirmation (command, params_hash) WHERE state = 'pending';
CREATE INDEX confirmation_newest ON platform.confirmation (requested_at DESC, id)
"""

_UNMAPPABLE = """
CREATE TABLE formation.unmappable (
    enrollment_id uuid NOT NULL REFERENCES formation.enrollment (enrollment_id),
    node_id text NOT NULL,
    from_version integer NOT NULL,
    to_version integer NOT NULL,
    why text NOT NULL,
    flagged_at timestamptz NOT NULL,
    PRIMARY KEY (enrollment_id, node_id)
);
CREATE INDEX unmappable_newest ON formation.unmappable (flagged_at DESC, enrollment_id, node_id)
"""


def upgrade() -> None:
    """Create both tables."""
    op.execute(_CONFIRMATION)
    op.execute(_UNMAPPABLE)
