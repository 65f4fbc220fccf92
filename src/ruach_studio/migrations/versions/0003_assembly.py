"""Make the assembly tables: sessions and their footage; sync, energy and EDL versions that nothing can alter.

A change makes a new version; the trigger refuses anything else. States of an EDL are rows of their own, so that a version
stays what it was when it was saved. `auto_key` (session + sync version) makes the automatic draft unique.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_FOOTAGE = """
CREATE TABLE assembly.session (
    session_id text PRIMARY KEY CHECK (session_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$'),
    title text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'ingesting', 'syncing', 'needs-review', 'synced',
        'editing', 'rendering', 'published', 'archived')),
    master_camera text,
    sync_version integer,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX session_newest ON assembly.session (created_at DESC, session_id);
CREATE TABLE assembly.camera (
    session_id text NOT NULL REFERENCES assembly.session,
    camera_id text NOT NULL CHECK (camera_id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$'),
    asset_id uuid NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('camera', 'wide', 'audio')),
    position integer NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, camera_id),
    UNIQUE (session_id, position)
);
CREATE UNIQUE INDEX camera_one_wide ON assembly.camera (session_id) WHERE role = 'wide';
CREATE TABLE assembly.clip (
    session_id text NOT NULL,
    camera_id text NOT NULL,
    clip_index integer NOT NULL CHECK (clip_index >= 0),
    path text NOT NULL,
    size_bytes bigint NOT NULL,
    duration_s double precision NOT NULL CHECK (duration_s > 0),
    fps text,
    width integer NOT NULL,
    height integer NOT NULL,
    has_audio boolean NOT NULL,
    start_s double precision NOT NULL,
    PRIMARY KEY (session_id, camera_id, clip_index),
    FOREIGN KEY (session_id, camera_id) REFERENCES assembly.camera,
    UNIQUE (session_id, path)
);
"""

_VERSIONS = """
CREATE TABLE assembly.sync_version (
    session_id text NOT NULL REFERENCES assembly.session,
    version integer NOT NULL CHECK (version > 0),
    parent_version integer,
    origin text NOT NULL CHECK (origin IN ('computed', 'corrected')),
    solution jsonb NOT NULL,
    created_by text NOT NULL,
    notes text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, version)
);
CREATE TABLE assembly.sync_approval (
    session_id text NOT NULL,
    version integer NOT NULL,
    approved_by text NOT NULL,
    notes text NOT NULL DEFAULT '',
    approved_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, version),
    FOREIGN KEY (session_id, version) REFERENCES assembly.sync_version
);
CREATE TABLE assembly.energy (
    session_id text NOT NULL,
    sync_version integer NOT NULL,
    window_ms integer NOT NULL,
    sha256 text NOT NULL CHECK (length(sha256) = 64),
    path text NOT NULL,
    windows integer NOT NULL,
    cameras text[] NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, sync_version, window_ms),
    FOREIGN KEY (session_id, sync_version) REFERENCES assembly.sync_version
);
CREATE INDEX energy_by_hash ON assembly.energy (sha256);
CREATE TABLE assembly.edl_version (
    session_id text NOT NULL REFERENCES assembly.session,
    version integer NOT NULL CHECK (version > 0),
    parent_version integer,
    sync_version integer NOT NULL,
    source text NOT NULL CHECK (source IN ('auto', 'operator', 'hybrid')),
    rules_version text NOT NULL,
    wire jsonb NOT NULL,
    sha256 text NOT NULL CHECK (length(sha256) = 64),
    auto_key text UNIQUE,
    author text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, version),
    FOREIGN KEY (session_id, sync_version) REFERENCES assembly.sync_version
);
CREATE TABLE assembly.edl_state (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'in_review', 'approved', 'locked')),
    actor text NOT NULL,
    note text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    FOREIGN KEY (session_id, version) REFERENCES assembly.edl_version
);
CREATE INDEX edl_state_of ON assembly.edl_state (session_id, version, id DESC);
CREATE TABLE assembly.edl_head (
    session_id text PRIMARY KEY REFERENCES assembly.session,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'in_review', 'approved', 'locked')),
    FOREIGN KEY (session_id, version) REFERENCES assembly.edl_version
);
"""

_IMMUTABLE = ("sync_version", "sync_approval", "energy", "edl_version", "edl_state")


def upgrade() -> None:
    """Create the tables and the trigger that keeps versions as they were saved."""
    for statements in (_FOOTAGE, _VERSIONS):
        for statement in statements.split(";"):
            if statement.strip():
                op.execute(statement)
    op.execute(
        """
        CREATE FUNCTION assembly.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'assembly.% is append-only; save a new version instead', TG_TABLE_NAME;
        END $$
        """
    )
    for table in _IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assembly.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION assembly.refuse_change()"
        )
