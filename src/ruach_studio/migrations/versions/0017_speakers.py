"""Make the tables for who speaks into which microphone and who is filmed by which camera, and for transcripts.

Both are versions that nothing can alter: what an EDL was decided by stays what it was.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

_TABLES = (
    """
CREATE TABLE assembly.speaker_map (
    session_id text NOT NULL REFERENCES assembly.session,
    version integer NOT NULL CHECK (version > 0),
    origin text NOT NULL CHECK (origin IN ('proposed', 'operator')),
    speakers jsonb NOT NULL,
    notes text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, version)
)""",
    """
CREATE TABLE assembly.transcript (
    session_id text NOT NULL REFERENCES assembly.session,
    version integer NOT NULL CHECK (version > 0),
    wire jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, version)
)""",
)


def upgrade() -> None:
    """Create the tables and the trigger that keeps versions as they were saved."""
    for table in _TABLES:
        op.execute(table)
    for name in ("speaker_map", "transcript"):
        op.execute(
            f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assembly.{name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION assembly.refuse_change()"
        )
