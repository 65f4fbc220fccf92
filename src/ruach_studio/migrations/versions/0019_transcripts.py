"""Let a transcript say where it came from, and keep with a locked EDL the one that it was locked with.

What was saved before was written by an operator, on the master timeline; its hash is made when it is read.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

_LOCKED = """
CREATE TABLE assembly.edl_transcript (
    session_id text NOT NULL,
    version integer NOT NULL,
    transcript_version integer NOT NULL,
    wire jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, version),
    FOREIGN KEY (session_id, version) REFERENCES assembly.edl_version
)
"""


def upgrade() -> None:
    """Add the columns and the table; no stored transcript is touched."""
    op.execute(
        "ALTER TABLE assembly.transcript"
        " ADD COLUMN origin text NOT NULL DEFAULT 'operator' CHECK (origin IN ('import', 'transcriber', 'operator')),"
        " ADD COLUMN language text, ADD COLUMN sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),"
        " ADD COLUMN details jsonb NOT NULL DEFAULT '{}'"
    )
    op.execute(_LOCKED)
    op.execute(
        "CREATE TRIGGER edl_transcript_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assembly.edl_transcript"
        " FOR EACH STATEMENT EXECUTE FUNCTION assembly.refuse_change()"
    )
