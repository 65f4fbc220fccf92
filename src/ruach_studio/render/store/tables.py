"""The tables of schema `render`, as migrations 0004, 0020 and 0021 make them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

METADATA = sa.MetaData(schema="render")
_TIME = sa.DateTime(timezone=True)
_ID = UUID(as_uuid=False)

LOCKED_EDL = sa.Table(
    "locked_edl",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("wire", JSONB),
    sa.Column("locked_by", sa.Text),
    sa.Column("received_at", _TIME),
)

RENDER_JOB = sa.Table(
    "render_job",
    METADATA,
    sa.Column("render_job_id", _ID, primary_key=True),
    sa.Column("session_id", sa.Text),
    sa.Column("format", sa.Text),
    sa.Column("edl_version", sa.Integer),
    sa.Column("automation_id", _ID),
    sa.Column("state", sa.Text),
    sa.Column("step", sa.Text),
    sa.Column("attempt", sa.Integer),
    sa.Column("retry_of", _ID),
    sa.Column("critical", sa.Boolean),
    sa.Column("requested_by", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("error", JSONB),
    sa.Column("notes", JSONB),
    sa.Column("created_at", _TIME),
    sa.Column("updated_at", _TIME),
    sa.Column("started_at", _TIME),
    sa.Column("finished_at", _TIME),
    sa.Column("preset_sha256", sa.Text),
)

RENDER_STEP = sa.Table(
    "render_step",
    METADATA,
    sa.Column("automation_id", _ID, primary_key=True),
    sa.Column("format", sa.Text, primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("render_job_id", _ID),
    sa.Column("file_name", sa.Text),
    sa.Column("sha256", sa.Text),
    sa.Column("facts", JSONB),
    sa.Column("done_at", _TIME),
)

ARTIFACT = sa.Table(
    "artifact",
    METADATA,
    sa.Column("render_job_id", _ID, primary_key=True),
    sa.Column("session_id", sa.Text),
    sa.Column("format", sa.Text),
    sa.Column("edl_version", sa.Integer),
    sa.Column("key", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("content_type", sa.Text),
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("sha256", sa.Text),
    sa.Column("duration_ms", sa.Double),
    sa.Column("frames", sa.Integer),
    sa.Column("loudness_lufs", sa.Double),
    sa.Column("true_peak_dbtp", sa.Double),
    sa.Column("stored_at", _TIME),
    sa.Column("files", JSONB),
)

PRESET_CONTENT = sa.Table(
    "preset_content", METADATA, sa.Column("sha256", sa.Text, primary_key=True), sa.Column("content", JSONB)
)

PRESET_VERSION = sa.Table(
    "preset_version",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.Text),
    sa.Column("saved_by", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("saved_at", _TIME),
)

SUBJECT_POSITION = sa.Table(
    "subject_position",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("camera", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("x", sa.Double),
    sa.Column("set_by", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("set_at", _TIME),
)

THUMBNAIL_CANDIDATE = sa.Table(
    "thumbnail_candidate",
    METADATA,
    sa.Column("render_job_id", _ID, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("sha256", sa.Text),
    sa.Column("frame", sa.Integer),
    sa.Column("camera", sa.Text),
    sa.Column("score", sa.Double),
    sa.Column("reasons", JSONB),
)

THUMBNAIL_CHOICE = sa.Table(
    "thumbnail_choice",
    METADATA,
    sa.Column("render_job_id", _ID, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("place", sa.Integer),
    sa.Column("chosen_by", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("chosen_at", _TIME),
)
