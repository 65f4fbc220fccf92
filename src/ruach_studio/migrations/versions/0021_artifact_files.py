"""Let an artifact name the files that were stored beside it: captions and chapters.

A list of objects {name, key, url, contentType, sizeBytes, sha256}; empty for what was published before.
"""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE render.artifact ADD COLUMN files jsonb NOT NULL DEFAULT '[]'")
