"""Make the schema of membership: the Stripe event ledger and entitlements."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nothing yet."""
