"""Make the content catalogue and its search index: pieces, artifacts, chunks with embeddings."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing yet."""
