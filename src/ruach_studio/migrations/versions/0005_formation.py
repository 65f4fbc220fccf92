"""Make the formation journal: append-only, 17 types, gapless versions per enrollment.

The list of types stands here a second time on purpose: a migration is history and must not change with the code.
`xid` lets a later reader follow the log without skipping a late commit.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_TYPES = (
    "covenant_entered", "phase_started", "phase_completed", "section_viewed", "section_completed", "checkpoint_reached",
    "checkpoint_completed", "reflection_submitted", "reflection_analyzed", "canon_definition_viewed",
    "canon_axiom_cited", "pause_triggered", "recommendation_issued", "content_unlocked", "content_gated",
    "readiness_level_changed", "formation_gap_detected",
)  # fmt: skip


def upgrade() -> None:
    """Create the table, its indexes and the trigger that keeps it append-only."""
    types = ", ".join(f"'{name}'" for name in _TYPES)
    op.execute(
        f"""
        CREATE TABLE formation.journal (
            event_id uuid PRIMARY KEY,
            enrollment_id uuid NOT NULL,
            version bigint NOT NULL CHECK (version > 0),
            user_id text NOT NULL,
            event_type text NOT NULL CONSTRAINT journal_event_type CHECK (event_type IN ({types})),
            content_id text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT now(),
            correlation_id uuid,
            data jsonb NOT NULL,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            UNIQUE (enrollment_id, version)
        )
        """
    )
    op.execute("CREATE INDEX journal_window ON formation.journal (user_id, event_type, content_id, occurred_at)")
    op.execute("CREATE INDEX journal_cursor ON formation.journal (xid, event_id)")
    op.execute(
        """
        CREATE FUNCTION formation.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'formation.journal is append-only; write a correcting event instead';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON formation.journal"
        " FOR EACH STATEMENT EXECUTE FUNCTION formation.refuse_change()"
    )
