"""The tables of schema `formation`, as migrations 0005 and 0006 make them; later tables stand with their stores."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

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
    sa.Column("pos", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.UniqueConstraint("enrollment_id", "version"),
)

PATH = sa.Table(
    "path",
    METADATA,
    sa.Column("path_id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("current_version", sa.Integer),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
)

NODE_REGISTRY = sa.Table(
    "node_registry",
    METADATA,
    sa.Column("path_id", sa.Text, primary_key=True),
    sa.Column("node_id", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
)

GRAPH_DRAFT = sa.Table(
    "graph_draft",
    METADATA,
    sa.Column("path_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("nodes", JSONB, nullable=False),
    sa.Column("mapping", JSONB, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
)

GRAPH_VERSION = sa.Table(
    "graph_version",
    METADATA,
    sa.Column("path_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("published_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("mapping", JSONB, nullable=False),
)

DEPENDENCY = sa.Table(
    "dependency",
    METADATA,
    sa.Column("path_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("node_id", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("content_ref", sa.Text, nullable=False),
    sa.Column("tags", ARRAY(sa.Text), nullable=False),
    sa.Column("prerequisites", ARRAY(sa.Text), nullable=False),
    sa.Column("minimum_score_bp", sa.Integer),
    sa.Column("score_scope", sa.Text),
    sa.Column("minimum_dwell_s", sa.Integer, nullable=False),
    sa.Column("min_words", sa.Integer, nullable=False),
    sa.Column("pass_quality", sa.Integer, nullable=False),
    sa.Column("required", sa.Boolean, nullable=False),
    sa.Column("deprecated", sa.Boolean, nullable=False),
    sa.Column("guidebook", JSONB, nullable=False),
)

PIECE = sa.Table(
    "piece",
    METADATA,
    sa.Column("content_ref", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("session_id", sa.Text),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
)

ENROLLMENT = sa.Table(
    "enrollment",
    METADATA,
    sa.Column("enrollment_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("path_id", sa.Text, nullable=False),
    sa.Column("graph_version", sa.Integer, nullable=False),
    sa.Column("journal_version", sa.BigInteger, nullable=False),
    sa.Column("covenant_type", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("user_id", "path_id"),
)

PROJECTION = sa.Table(
    "projection",
    METADATA,
    sa.Column("enrollment_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("journal_version", sa.BigInteger, nullable=False),
    sa.Column("reducer_version", sa.Text, nullable=False),
    sa.Column("snapshot", JSONB, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)

DWELL = sa.Table(
    "dwell",
    METADATA,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("state", JSONB, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)

REFLECTION = sa.Table(
    "reflection",
    METADATA,
    sa.Column("reflection_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("enrollment_id", UUID(as_uuid=False), nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("node_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("text", sa.Text),
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("word_count", sa.Integer, nullable=False),
    sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("erased_at", sa.DateTime(timezone=True)),
)

XAPI_PARKED = sa.Table(
    "xapi_parked",
    METADATA,
    sa.Column("sink", sa.Text, primary_key=True),
    sa.Column("event_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("enrollment_id", UUID(as_uuid=False), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("statement_id", UUID(as_uuid=False), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
)
