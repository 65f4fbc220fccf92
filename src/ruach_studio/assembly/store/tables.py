"""The tables of schema `assembly`, as migrations 0003, 0016 and 0017 make them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

METADATA = sa.MetaData(schema="assembly")
_TIME = sa.DateTime(timezone=True)

SESSION = sa.Table(
    "session",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("master_camera", sa.Text),
    sa.Column("sync_version", sa.Integer),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", _TIME),
    sa.Column("updated_at", _TIME),
)

CAMERA = sa.Table(
    "camera",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("camera_id", sa.Text, primary_key=True),
    sa.Column("asset_id", UUID(as_uuid=False)),
    sa.Column("role", sa.Text),
    sa.Column("position", sa.Integer),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", _TIME),
)

CLIP = sa.Table(
    "clip",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("camera_id", sa.Text, primary_key=True),
    sa.Column("clip_index", sa.Integer, primary_key=True),
    sa.Column("path", sa.Text),
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("duration_s", sa.Double),
    sa.Column("fps", sa.Text),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("has_audio", sa.Boolean),
    sa.Column("start_s", sa.Double),
    sa.Column("timecode_s", sa.Double),
)

SYNC_VERSION = sa.Table(
    "sync_version",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("parent_version", sa.Integer),
    sa.Column("origin", sa.Text),
    sa.Column("solution", JSONB),
    sa.Column("created_by", sa.Text),
    sa.Column("notes", sa.Text),
    sa.Column("created_at", _TIME),
)

SYNC_APPROVAL = sa.Table(
    "sync_approval",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("approved_by", sa.Text),
    sa.Column("notes", sa.Text),
    sa.Column("approved_at", _TIME),
)

ENERGY = sa.Table(
    "energy",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("sync_version", sa.Integer, primary_key=True),
    sa.Column("window_ms", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.Text),
    sa.Column("path", sa.Text),
    sa.Column("windows", sa.Integer),
    sa.Column("cameras", ARRAY(sa.Text)),
    sa.Column("created_at", _TIME),
)

EDL_VERSION = sa.Table(
    "edl_version",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("parent_version", sa.Integer),
    sa.Column("sync_version", sa.Integer),
    sa.Column("source", sa.Text),
    sa.Column("rules_version", sa.Text),
    sa.Column("wire", JSONB),
    sa.Column("sha256", sa.Text),
    sa.Column("auto_key", sa.Text),
    sa.Column("author", sa.Text),
    sa.Column("created_at", _TIME),
)

EDL_STATE = sa.Table(
    "edl_state",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("session_id", sa.Text),
    sa.Column("version", sa.Integer),
    sa.Column("state", sa.Text),
    sa.Column("actor", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("at", _TIME),
)

EDL_HEAD = sa.Table(
    "edl_head",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer),
    sa.Column("state", sa.Text),
)

SPEAKER_MAP = sa.Table(
    "speaker_map",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("origin", sa.Text),
    sa.Column("speakers", JSONB),
    sa.Column("notes", sa.Text),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", _TIME),
)

TRANSCRIPT = sa.Table(
    "transcript",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("wire", JSONB),
    sa.Column("origin", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("sha256", sa.Text),
    sa.Column("details", JSONB),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", _TIME),
)

EDL_TRANSCRIPT = sa.Table(
    "edl_transcript",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("transcript_version", sa.Integer),
    sa.Column("wire", JSONB),
    sa.Column("created_at", _TIME),
)
