"""Make the render tables: locked EDLs as they arrived, jobs, finished steps, artifacts.

`render_job_live` is the specification's idempotency key: of one session, format and EDL version at most one job waits,
works or is done. Steps belong to (automation, format), not to a job: a retry has a new id and goes on where the last
one stopped. A locked EDL and an artifact are facts; the triggers refuse to alter them.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_EDLS = """
CREATE TABLE render.locked_edl (
    session_id text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    wire jsonb NOT NULL,
    locked_by text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, version)
);
"""

_JOBS = """
CREATE TABLE render.render_job (
    render_job_id uuid PRIMARY KEY,
    session_id text NOT NULL,
    format text NOT NULL CHECK (format IN ('full_16_9', 'short_9_16', 'clip_1_1', 'thumbnail')),
    edl_version integer NOT NULL,
    automation_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'processing', 'completed', 'failed', 'cancelled', 'dead-letter')),
    step text CHECK (step IN ('preflight', 'render', 'normalize', 'upload')),
    attempt integer NOT NULL CHECK (attempt >= 1),
    retry_of uuid UNIQUE REFERENCES render.render_job,
    critical boolean NOT NULL,
    requested_by text NOT NULL,
    reason text NOT NULL DEFAULT '',
    error jsonb,
    notes jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    FOREIGN KEY (session_id, edl_version) REFERENCES render.locked_edl
);
CREATE UNIQUE INDEX render_job_live ON render.render_job (session_id, format, edl_version)
    WHERE state IN ('queued', 'processing', 'completed');
CREATE INDEX render_job_session ON render.render_job (session_id, created_at DESC);
CREATE INDEX render_job_automation ON render.render_job (automation_id);
CREATE TABLE render.render_step (
    automation_id uuid NOT NULL,
    format text NOT NULL,
    step text NOT NULL CHECK (step IN ('preflight', 'render', 'normalize', 'upload')),
    render_job_id uuid NOT NULL REFERENCES render.render_job,
    file_name text NOT NULL DEFAULT '',
    sha256 text NOT NULL DEFAULT '',
    facts jsonb NOT NULL DEFAULT '{}',
    done_at timestamptz NOT NULL,
    PRIMARY KEY (automation_id, format, step)
);
CREATE TABLE render.artifact (
    render_job_id uuid PRIMARY KEY REFERENCES render.render_job,
    session_id text NOT NULL,
    format text NOT NULL,
    edl_version integer NOT NULL,
    key text NOT NULL UNIQUE,
    url text NOT NULL,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    duration_ms double precision,
    frames integer NOT NULL,
    loudness_lufs double precision,
    true_peak_dbtp double precision,
    stored_at timestamptz NOT NULL
);
CREATE INDEX artifact_session ON render.artifact (session_id, stored_at DESC);
"""

_FACTS = """
CREATE FUNCTION render.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'render.% rows are facts and never change', TG_TABLE_NAME; END $$;
CREATE TRIGGER locked_edl_is_a_fact BEFORE UPDATE OR DELETE OR TRUNCATE ON render.locked_edl
    FOR EACH STATEMENT EXECUTE FUNCTION render.refuse_change();
CREATE TRIGGER artifact_is_a_fact BEFORE UPDATE OR DELETE OR TRUNCATE ON render.artifact
    FOR EACH STATEMENT EXECUTE FUNCTION render.refuse_change();
"""


def upgrade() -> None:
    """Create schema `render`."""
    op.execute("CREATE SCHEMA IF NOT EXISTS render")
    for part in (_EDLS, _JOBS, _FACTS):
        op.execute(part)
