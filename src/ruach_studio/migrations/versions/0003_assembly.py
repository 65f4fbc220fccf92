"""Hold the place of the assembly tables in the chain."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Do nothing yet."""
