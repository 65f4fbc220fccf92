"""Make the kept evidence: what score, gate and next step read of a member, as one text, ready for the next question.

It is a copy of what the journal says up to `journal_version`, never a truth of its own: a row behind the enrollment's
version, or of another reducer, is not read but written anew.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the table."""
    op.execute("""
CREATE TABLE formation.evidence (
    enrollment_id uuid PRIMARY KEY REFERENCES formation.enrollment (enrollment_id),
    journal_version bigint NOT NULL CHECK (journal_version > 0),
    graph_version integer NOT NULL,
    reducer text NOT NULL,
    facts text NOT NULL,
    kept_at timestamptz NOT NULL
)
""")
