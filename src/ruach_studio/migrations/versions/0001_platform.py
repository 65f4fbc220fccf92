"""Hold the place of the platform tables in the chain."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do nothing yet."""
