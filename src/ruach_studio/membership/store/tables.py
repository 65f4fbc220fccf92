"""The tables of schema `membership`, as migration 0011 makes them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

METADATA = sa.MetaData(schema="membership")
_TIME = sa.DateTime(timezone=True)
_ID = UUID(as_uuid=False)
_TEXTS = ARRAY(sa.Text)

STRIPE_EVENT = sa.Table(
    "stripe_event",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True)),
    sa.Column("event_type", sa.Text),
    sa.Column("created", _TIME),
    sa.Column("received_at", _TIME),
    sa.Column("effect", sa.Text),
    sa.Column("customer_id", sa.Text),
    sa.Column("subscription_id", sa.Text),
    sa.Column("checkout_id", sa.Text),
    sa.Column("notes", _TEXTS),
    sa.Column("payload_sha256", sa.Text),
    sa.Column("correlation_id", _ID),
)

CUSTOMER = sa.Table(
    "customer",
    METADATA,
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("claim", JSONB(none_as_null=True)),
)

SUBSCRIPTION = sa.Table(
    "subscription",
    METADATA,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text),
    sa.Column("account_id", _ID),
    sa.Column("snapshot", JSONB(none_as_null=True)),
    sa.Column("claim", JSONB(none_as_null=True)),
    sa.Column("paid", JSONB(none_as_null=True)),
    sa.Column("operator_account", _ID),
)

PURCHASE = sa.Table(
    "purchase",
    METADATA,
    sa.Column("checkout_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text),
    sa.Column("account_id", _ID),
    sa.Column("kind", sa.Text),
    sa.Column("facts", JSONB),
)

STANDING = sa.Table(
    "standing",
    METADATA,
    sa.Column("account_id", _ID, primary_key=True),
    sa.Column("tier", sa.Text),
    sa.Column("access", sa.Text),
    sa.Column("entitlements", _TEXTS),
    sa.Column("courses", _TEXTS),
    sa.Column("changed_at", _TIME),
)
