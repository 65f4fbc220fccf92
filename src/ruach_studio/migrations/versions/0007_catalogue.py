"""Make the content catalogue and its search index: artifacts, passages for full text, vectors for meaning.

A passage's vector belongs to its words (SHA-256), not to its place: a paragraph that moved keeps it, equal ones share it.
Vectors stand in a table of their own, since a managed server may lack pgvector: `formation.ensure_vectors()` makes that
table where the extension is, here or later. No index over vectors: the exact scan is fast enough and always answers alike.
Passages stay whole in their page: ranking reads all of their words, and fetching those from aside took three times as long.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

_TABLES = """
CREATE TABLE formation.artifact (
    session_id text NOT NULL,
    format text NOT NULL,
    edl_version integer NOT NULL,
    render_job_id uuid NOT NULL,
    url text NOT NULL,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    duration_ms double precision,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, format)
);
CREATE INDEX piece_session ON formation.piece (session_id) WHERE session_id IS NOT NULL;
CREATE TABLE formation.chunk (
    content_ref text NOT NULL REFERENCES formation.piece (content_ref) ON DELETE CASCADE,
    idx integer NOT NULL CHECK (idx >= 0),
    heading text NOT NULL,
    text text NOT NULL,
    words integer NOT NULL,
    sha256 text NOT NULL,
    tsv tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', heading), 'A') || setweight(to_tsvector('english', text), 'B')
    ) STORED,
    PRIMARY KEY (content_ref, idx) INCLUDE (sha256)
) WITH (toast_tuple_target = 8160);
CREATE INDEX chunk_tsv ON formation.chunk USING gin (tsv);
CREATE INDEX chunk_sha256 ON formation.chunk (sha256)
"""

_VECTORS = """
CREATE FUNCTION formation.ensure_vectors() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('formation.chunk_vector') IS NOT NULL THEN
        RETURN true;
    END IF;
    IF to_regtype('vector') IS NULL THEN
        RETURN false;
    END IF;
    CREATE TABLE formation.chunk_vector (
        sha256 text NOT NULL,
        embedder text NOT NULL,
        embedding vector NOT NULL,
        PRIMARY KEY (sha256, embedder)
    );
    RETURN true;
END $$
"""


def upgrade() -> None:
    """Create the tables; vectors only where pgvector is."""
    op.execute(_TABLES)
    op.execute(_VECTORS)
    op.execute("SELECT formation.ensure_vectors()")
