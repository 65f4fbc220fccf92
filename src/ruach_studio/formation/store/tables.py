"""The tables of schema `formation`, as migration 0005 makes them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

METADATA = sa.MetaData(schema="formation")

JOURNAL = sa.Table(
    "journal",
    METADATA,
    sa.Column("event_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("enrollment_id", UUID(as_uuid=False), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("content_id", sa.Text, nullable=False),
    sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("correlation_id", UUID(as_uuid=False)),
    sa.Column("data", JSONB, nullable=False),
    sa.UniqueConstraint("enrollment_id", "version"),
)
