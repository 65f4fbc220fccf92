"""Let operators add output formats, say where a subject stands, and choose another of a thumbnail's candidates.

`preset_content` keeps what a format was, by its hash: a job names the hash it was asked with, so that a changed preset
changes no job that exists. A job from before has none and means the standard format of its name. All of these rows are
facts; a change is another row.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

_PRESETS = """
CREATE TABLE render.preset_content (
    sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content jsonb NOT NULL
);
CREATE TABLE render.preset_version (
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    version integer NOT NULL CHECK (version >= 1),
    sha256 text NOT NULL REFERENCES render.preset_content,
    saved_by text NOT NULL,
    reason text NOT NULL,
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);
ALTER TABLE render.render_job DROP CONSTRAINT render_job_format_check;
ALTER TABLE render.render_job ADD CONSTRAINT render_job_format_check CHECK (format ~ '^[a-z][a-z0-9_]{0,39}$');
ALTER TABLE render.render_job ADD COLUMN preset_sha256 text REFERENCES render.preset_content;
"""

_POSITIONS = """
CREATE TABLE render.subject_position (
    session_id text NOT NULL,
    camera text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    x double precision CHECK (x >= 0 AND x <= 1),
    set_by text NOT NULL,
    reason text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, camera, version)
);
"""

_CANDIDATES = """
CREATE TABLE render.thumbnail_candidate (
    render_job_id uuid NOT NULL REFERENCES render.render_job,
    place integer NOT NULL CHECK (place >= 1),
    key text NOT NULL UNIQUE,
    url text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    frame integer NOT NULL,
    camera text NOT NULL,
    score double precision NOT NULL,
    reasons jsonb NOT NULL,
    PRIMARY KEY (render_job_id, place)
);
CREATE TABLE render.thumbnail_choice (
    render_job_id uuid NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    place integer NOT NULL,
    chosen_by text NOT NULL,
    reason text NOT NULL,
    chosen_at timestamptz NOT NULL,
    PRIMARY KEY (render_job_id, number),
    FOREIGN KEY (render_job_id, place) REFERENCES render.thumbnail_candidate
);
"""

_FACTS = ("preset_content", "preset_version", "subject_position", "thumbnail_candidate", "thumbnail_choice")


def upgrade() -> None:
    """Create the tables and let a job name any format."""
    for part in (_PRESETS, _POSITIONS, _CANDIDATES):
        op.execute(part)
    for table in _FACTS:
        op.execute(
            f"CREATE TRIGGER {table}_is_a_fact BEFORE UPDATE OR DELETE OR TRUNCATE ON render.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION render.refuse_change()"
        )
