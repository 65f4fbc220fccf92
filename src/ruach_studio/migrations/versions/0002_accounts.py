"""Hold the place of the accounts tables in the chain."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Do nothing yet."""
