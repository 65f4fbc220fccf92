"""Make journeys: graphs, enrollments, the journal's one writer, projections, dwell, reflection texts.

The control types join the 17 in the journal, or a replay would erase what operators did. `append_event` is the only way in:
it takes the user's turn, looks at the sliding one-second window and the enrollment's version, and writes. What is published
(a graph version, its nodes, a node's ordinal) can never change: triggers refuse it.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

_TYPES = (
    "covenant_entered", "phase_started", "phase_completed", "section_viewed", "section_completed", "checkpoint_reached",
    "checkpoint_completed", "reflection_submitted", "reflection_analyzed", "canon_definition_viewed",
    "canon_axiom_cited", "pause_triggered", "recommendation_issued", "content_unlocked", "content_gated",
    "readiness_level_changed", "formation_gap_detected",
    "enrolled", "graph_migrated", "unblocked", "repaired", "voided",
)  # fmt: skip

_PHASE = "('awakening', 'separation', 'discernment', 'commission', 'stewardship')"

_GRAPH = f"""
CREATE TABLE formation.path (
    path_id text PRIMARY KEY CHECK (path_id <> ''),
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    current_version integer CHECK (current_version > 0),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL
);
CREATE TABLE formation.node_registry (
    path_id text NOT NULL REFERENCES formation.path (path_id),
    node_id text NOT NULL CHECK (node_id <> ''),
    ordinal integer NOT NULL CHECK (ordinal > 0),
    kind text NOT NULL CHECK (kind IN ('section', 'reflection', 'checkpoint')),
    PRIMARY KEY (path_id, node_id),
    UNIQUE (path_id, ordinal)
);
CREATE TABLE formation.graph_draft (
    path_id text PRIMARY KEY REFERENCES formation.path (path_id),
    revision integer NOT NULL CHECK (revision > 0),
    nodes jsonb NOT NULL,
    mapping jsonb NOT NULL DEFAULT '{{}}',
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);
CREATE TABLE formation.graph_version (
    path_id text NOT NULL REFERENCES formation.path (path_id),
    version integer NOT NULL CHECK (version > 0),
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    content_hash text NOT NULL,
    mapping jsonb NOT NULL DEFAULT '{{}}',
    PRIMARY KEY (path_id, version)
);
CREATE TABLE formation.dependency (
    path_id text NOT NULL,
    version integer NOT NULL,
    node_id text NOT NULL,
    ordinal integer NOT NULL,
    phase text NOT NULL CHECK (phase IN {_PHASE}),
    kind text NOT NULL CHECK (kind IN ('section', 'reflection', 'checkpoint')),
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    content_ref text NOT NULL,
    tags text[] NOT NULL DEFAULT '{{}}',
    prerequisites text[] NOT NULL DEFAULT '{{}}',
    minimum_score_bp integer CHECK (minimum_score_bp BETWEEN 1 AND 10000),
    score_scope text CHECK (score_scope IN {_PHASE}),
    minimum_dwell_s integer NOT NULL DEFAULT 0 CHECK (minimum_dwell_s >= 0),
    min_words integer NOT NULL DEFAULT 50 CHECK (min_words >= 0),
    pass_quality integer NOT NULL DEFAULT 300 CHECK (pass_quality BETWEEN 0 AND 1000),
    required boolean NOT NULL DEFAULT true,
    deprecated boolean NOT NULL DEFAULT false,
    guidebook jsonb NOT NULL DEFAULT '{{}}',
    CHECK ((minimum_score_bp IS NULL) = (score_scope IS NULL)),
    PRIMARY KEY (path_id, version, node_id),
    FOREIGN KEY (path_id, version) REFERENCES formation.graph_version (path_id, version),
    FOREIGN KEY (path_id, node_id) REFERENCES formation.node_registry (path_id, node_id)
);
CREATE TABLE formation.piece (
    content_ref text PRIMARY KEY CHECK (content_ref <> ''),
    title text NOT NULL,
    body text NOT NULL DEFAULT '',
    prompt text NOT NULL DEFAULT '',
    session_id text,
    sha256 text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
)
"""

_IMMUTABLE = """
CREATE FUNCTION formation.refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'formation.% is append-only; publish a new version instead', TG_TABLE_NAME;
END $$;
CREATE TRIGGER node_registry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON formation.node_registry
    FOR EACH STATEMENT EXECUTE FUNCTION formation.refuse_rewrite();
CREATE TRIGGER graph_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON formation.graph_version
    FOR EACH STATEMENT EXECUTE FUNCTION formation.refuse_rewrite();
CREATE TRIGGER dependency_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON formation.dependency
    FOR EACH STATEMENT EXECUTE FUNCTION formation.refuse_rewrite()
"""

_JOURNEY = """
CREATE TABLE formation.enrollment (
    enrollment_id uuid PRIMARY KEY,
    user_id text NOT NULL CHECK (user_id <> ''),
    path_id text NOT NULL REFERENCES formation.path (path_id),
    graph_version integer NOT NULL,
    journal_version bigint NOT NULL DEFAULT 0,
    covenant_type text NOT NULL CHECK (covenant_type IN ('formation_journey', 'resource_explorer')),
    time_zone text NOT NULL DEFAULT 'UTC',
    enrolled_at timestamptz NOT NULL,
    UNIQUE (user_id, path_id)
);
CREATE INDEX enrollment_version ON formation.enrollment (path_id, graph_version);
CREATE TABLE formation.projection (
    enrollment_id uuid PRIMARY KEY REFERENCES formation.enrollment (enrollment_id),
    journal_version bigint NOT NULL,
    reducer_version text NOT NULL,
    snapshot jsonb NOT NULL,
    digest text NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE formation.dwell (
    user_id text PRIMARY KEY,
    state jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE formation.reflection (
    reflection_id uuid PRIMARY KEY,
    enrollment_id uuid NOT NULL REFERENCES formation.enrollment (enrollment_id),
    user_id text NOT NULL,
    node_id text NOT NULL,
    type text NOT NULL CHECK (type IN ('text', 'voice')),
    text text,
    text_sha256 text NOT NULL,
    word_count integer NOT NULL CHECK (word_count >= 0),
    submitted_at timestamptz NOT NULL,
    erased_at timestamptz,
    CHECK ((text IS NULL) = (erased_at IS NOT NULL))
);
CREATE INDEX reflection_of_user ON formation.reflection (user_id, submitted_at)
"""

# What the reducer reads of an event, as one JSON row [type, content id, microseconds since 1970, payload], stands inside the
# index by which an enrollment is read: a journal is replayed from a few index pages, not from rows scattered over the years.
# Fields that it never reads are left out to save room. A row too long for an index is NULL, and is read from `data`.
_BRIEF = """
CREATE FUNCTION formation.brief(p_type text, p_content text, p_at timestamptz, p_data jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_row text := jsonb_build_array(
        p_type, p_content, (extract(epoch FROM p_at) * 1000000)::bigint,
        p_data - CASE WHEN p_type = 'pause_triggered' THEN '{}' ELSE '{reason}'::text[] END - '{checkpointsCompleted,'
        'citationContext,confirmedBy,contentType,context,daysInPhase,doctrinalSoundness,fromVersion,isRegurgitation,model,'
        'previousLevel,previousPhase,promptSha256,provider,rawResponseSha256,recommendation,recommendationType,'
        'recommendedAction,reflectionsSubmitted,report,requestedBy,rubricVersion,score,showsWrestling,subScores,targetId,'
        'term,textSha256,timeSinceCheckpointReached,timeSinceReached,timeZone,type}'::text[]);
BEGIN
    RETURN CASE WHEN octet_length(v_row) <= 1000 THEN v_row END;
END $$
"""

_WIDEN = """
ALTER TABLE formation.journal
    DROP CONSTRAINT journal_event_type,
    ALTER COLUMN event_type TYPE formation.event_type,
    ADD COLUMN pos bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN brief text,
    DROP CONSTRAINT journal_enrollment_id_version_key,
    ADD CONSTRAINT journal_enrollment_version UNIQUE (enrollment_id, version) INCLUDE (brief);
CREATE INDEX journal_long ON formation.journal (enrollment_id, version) WHERE brief IS NULL;
DROP INDEX formation.journal_cursor;
CREATE INDEX journal_cursor ON formation.journal (xid, pos)
"""

# The one way in. Whoever writes takes the users' turns first, by key, so that no two deadlock; an enrollment's version is
# read and raised under its user's turn. Each event is held against all accepted before it, late arrivals too. `p_expected`:
# the version that their enrollment must have, NULL for any. One row per event: its version, or the event that it repeats;
# `o_found`: its enrollment's version before, NULL without one. A plan made for an empty table is kept: no sequential scans.
_APPEND = """
CREATE FUNCTION formation.take_turn(p_user text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(p_user, 6))
$$;
CREATE FUNCTION formation.append_events(p_events jsonb, p_correlation uuid, p_expected bigint)
RETURNS TABLE (o_version bigint, o_duplicate_of uuid, o_found bigint) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    v_enrollment uuid; v_user text; v_last bigint; v_turn text; r record;
BEGIN
    IF jsonb_array_length(p_events) = 1 THEN
        v_turn := pg_advisory_xact_lock(hashtextextended(p_events #>> '{0,u}', 6));
    ELSE
        PERFORM pg_advisory_xact_lock(x.turn) FROM (
            SELECT DISTINCT hashtextextended(u, 6) AS turn FROM jsonb_to_recordset(p_events) AS e (u text) ORDER BY 1
        ) x;
    END IF;
    FOR r IN SELECT * FROM jsonb_to_recordset(p_events)
        AS e (id uuid, n uuid, u text, t text, c text, at timestamptz, d jsonb) LOOP
        IF v_enrollment IS DISTINCT FROM r.n OR v_user IS DISTINCT FROM r.u THEN
            IF v_last IS NOT NULL THEN
                UPDATE formation.enrollment SET journal_version = v_last
                    WHERE enrollment_id = v_enrollment AND journal_version <> v_last;
            END IF;
            v_enrollment := r.n; v_user := r.u;
            SELECT journal_version INTO v_last FROM formation.enrollment WHERE enrollment_id = r.n AND user_id = r.u;
            IF p_expected <> v_last THEN
                RETURN QUERY SELECT NULL::bigint, NULL::uuid, v_last;
                RETURN;
            END IF;
        END IF;
        o_found := v_last; o_version := NULL; o_duplicate_of := NULL;
        IF v_last IS NOT NULL THEN
            SELECT event_id INTO o_duplicate_of FROM formation.journal
                WHERE user_id = v_user AND event_type = r.t AND content_id = r.c
                    AND occurred_at > r.at - interval '1 second' AND occurred_at < r.at + interval '1 second'
                LIMIT 1;
            IF o_duplicate_of IS NULL THEN
                v_last := v_last + 1;
                INSERT INTO formation.journal (event_id, enrollment_id, version, user_id, event_type, content_id,
                    occurred_at, correlation_id, data, brief)
                VALUES (r.id, v_enrollment, v_last, v_user, r.t, r.c, r.at, p_correlation, r.d,
                    formation.brief(r.t, r.c, r.at, r.d));
                o_version := v_last;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
    UPDATE formation.enrollment SET journal_version = v_last
        WHERE enrollment_id = v_enrollment AND journal_version <> v_last;
END $$
"""


def upgrade() -> None:
    """Widen the journal, then make the tables, the triggers and the function."""
    types = ", ".join(f"'{name}'" for name in _TYPES)
    # a domain's check is compiled once per session, a table's at every insert: a fifth of what an append costs
    op.execute(f"CREATE DOMAIN formation.event_type AS text CONSTRAINT journal_event_type CHECK (VALUE IN ({types}))")
    op.execute(_WIDEN)
    op.execute(_GRAPH)
    op.execute(_IMMUTABLE)
    op.execute(_JOURNEY)
    op.execute(_BRIEF)
    op.execute(_APPEND)
