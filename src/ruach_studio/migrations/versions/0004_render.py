"""Hold the place of the render tables in the chain."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Do nothing yet."""
