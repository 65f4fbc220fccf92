"""Make pending operator confirmations for formation's recovery commands."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nothing yet."""
