"""Write a list of events in one statement instead of one after the other, for several writers at once if need be.

`append_events` of 0006 went through its list in a loop and made one statement after the other for each event; now the whole
list is looked up, numbered and written together. Only a list that holds two of the same less than a second apart is still
written one by one, since the second hangs on the first. `append_event` (0014) stays for one event; all have the same rule.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

# p_events: objects of id, n (enrollment), u (user), t (type), c (content), at, d (data), r (correlation id), x (the version
# that the enrollment must have before, or none). One text per event, in order: 'written <version>', 'repeats <event id>',
# 'moved <version>', 'missing', 'busy'. The users' turns come first, by key, so that no two who wait deadlock; without p_wait
# nobody waits: a user whose turn another has is "busy", and nothing of theirs is written. What is looked up after the turns
# sees what those who had them before have committed. A plan made for an empty table is kept: no sequential scans.
# `append_event_now` is `append_event` without waiting.
_APPEND = """
DROP FUNCTION IF EXISTS formation.append_events(jsonb, uuid, bigint);
CREATE OR REPLACE FUNCTION formation.append_events(p_events jsonb, p_wait boolean) RETURNS text[]
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    v_busy text[]; v_moved uuid[]; v_told text[]; v_event record;
BEGIN
    IF p_wait THEN
        PERFORM pg_advisory_xact_lock(x.turn) FROM (
            SELECT DISTINCT hashtextextended(u, 6) AS turn FROM jsonb_to_recordset(p_events) AS e (u text) ORDER BY 1
        ) x;
    ELSE
        SELECT array_agg(x.u) INTO v_busy FROM (SELECT DISTINCT u FROM jsonb_to_recordset(p_events) AS e (u text)) x
            WHERE NOT pg_try_advisory_xact_lock(hashtextextended(x.u, 6));
    END IF;
    IF EXISTS (
        SELECT FROM (
            SELECT at - lag(at) OVER (PARTITION BY u, t, c ORDER BY at) AS gap
            FROM jsonb_to_recordset(p_events) AS e (u text, t text, c text, at timestamptz)
        ) x WHERE gap < interval '1 second'
    ) THEN
        SELECT array_agg(s.enrollment_id) INTO v_moved
            FROM jsonb_to_recordset(p_events) AS e (n uuid, u text, x bigint)
            JOIN formation.enrollment s ON s.enrollment_id = e.n AND s.user_id = e.u AND s.journal_version <> e.x;
        FOR v_event IN SELECT * FROM jsonb_to_recordset(p_events)
            AS e (id uuid, n uuid, u text, t text, c text, at timestamptz, d jsonb, r uuid, x bigint) LOOP
            v_told := v_told || CASE
                WHEN v_event.u = ANY (v_busy) THEN 'busy'
                WHEN v_event.n = ANY (v_moved) THEN
                    (SELECT 'moved ' || journal_version FROM formation.enrollment WHERE enrollment_id = v_event.n)
                ELSE formation.append_event(v_event.id, v_event.n, v_event.u, v_event.t, v_event.c, v_event.at, v_event.d,
                    v_event.r, NULL)
            END;
        END LOOP;
        RETURN v_told;
    END IF;
    WITH given AS MATERIALIZED (
        SELECT * FROM ROWS FROM (jsonb_to_recordset(p_events) AS (
            id uuid, n uuid, u text, t text, c text, at timestamptz, d jsonb, r uuid, x bigint
        )) WITH ORDINALITY AS e (id, n, u, t, c, at, d, r, x, i)
    ), judged AS MATERIALIZED (
        SELECT g.*, s.journal_version AS stood, g.u = ANY (v_busy) AS busy, (
            SELECT event_id FROM formation.journal
            WHERE user_id = g.u AND event_type = g.t AND content_id = g.c
                AND occurred_at > g.at - interval '1 second' AND occurred_at < g.at + interval '1 second' LIMIT 1
        ) AS repeats
        FROM given g LEFT JOIN formation.enrollment s ON s.enrollment_id = g.n AND s.user_id = g.u
    ), fresh AS MATERIALIZED (
        SELECT *, stood + row_number() OVER (PARTITION BY n ORDER BY i) AS version FROM judged
        WHERE repeats IS NULL AND busy IS NOT TRUE AND stood = coalesce(x, stood)
    ), raised AS (
        UPDATE formation.enrollment s SET journal_version = f.version
            FROM (SELECT n, max(version) AS version FROM fresh GROUP BY n) f WHERE s.enrollment_id = f.n
    ), written AS (
        INSERT INTO formation.journal (event_id, enrollment_id, version, user_id, event_type, content_id,
            occurred_at, correlation_id, data, brief)
        SELECT id, n, version, u, t, c, at, r, d, formation.brief(t, c, at, d) FROM fresh ORDER BY i
    )
    SELECT array_agg(CASE
        WHEN j.busy THEN 'busy' WHEN j.stood IS NULL THEN 'missing' WHEN j.stood <> j.x THEN 'moved ' || j.stood
        WHEN j.repeats IS NOT NULL THEN 'repeats ' || j.repeats ELSE 'written ' || f.version
        END ORDER BY j.i) INTO v_told FROM judged j LEFT JOIN fresh f ON f.i = j.i;
    RETURN v_told;
END $$;
CREATE OR REPLACE FUNCTION formation.append_event_now(
    p_id uuid, p_enrollment uuid, p_user text, p_type text, p_content text, p_at timestamptz, p_data jsonb,
    p_correlation uuid, p_expected bigint
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(p_user, 6)) THEN
        RETURN 'busy';
    END IF;
    RETURN formation.append_event(p_id, p_enrollment, p_user, p_type, p_content, p_at, p_data, p_correlation, p_expected);
END $$
"""


def upgrade() -> None:
    """Replace the function for lists."""
    op.execute(_APPEND)
