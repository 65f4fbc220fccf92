"""Make the platform's tables: events on their way, jobs and their dead letters, the audit, idempotency keys.

Nothing here names a pillar, and no pillar's table refers to these. `xid` lets the relay follow the outbox by
(transaction id, id) and so never skip a late commit. Audit rows are chained: each row's hash covers its predecessor's.
"""

from alembic import op

revision = "0001"
down_revision = None

_EVENTS = """
CREATE TABLE platform.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    event_id text NOT NULL UNIQUE,
    event_type text NOT NULL,
    version integer NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    correlation_id text NOT NULL,
    automation_id text,
    payload jsonb NOT NULL
);
CREATE INDEX outbox_cursor ON platform.outbox (xid, id);
CREATE TABLE platform.consumer (
    name text PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT '0',
    outbox_id bigint NOT NULL DEFAULT 0
);
CREATE TABLE platform.delivery (
    consumer text NOT NULL,
    outbox_id bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    errors jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (consumer, outbox_id)
);
CREATE INDEX delivery_due ON platform.delivery (consumer, next_at);
CREATE TABLE platform.inbox (
    consumer text NOT NULL,
    event_id text NOT NULL,
    consumed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, event_id)
);
"""

_JOBS = """
CREATE SEQUENCE platform.worker_seq AS integer MINVALUE 1 MAXVALUE 2147483647 CYCLE;
CREATE TABLE platform.execution (
    id text PRIMARY KEY,
    queue text NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    automation_id text,
    correlation_id text NOT NULL,
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    retry_of text,
    priority integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled', 'dead-letter')),
    starts integer NOT NULL DEFAULT 0,
    worker integer,
    error jsonb,
    result jsonb,
    progress jsonb NOT NULL DEFAULT '{}',
    progress_seq bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    heartbeat_at timestamptz,
    finished_at timestamptz
);
CREATE UNIQUE INDEX execution_retry_of ON platform.execution (retry_of) WHERE retry_of IS NOT NULL;
CREATE INDEX execution_automation ON platform.execution (automation_id);
CREATE INDEX execution_correlation ON platform.execution (correlation_id);
CREATE INDEX execution_open ON platform.execution (queue, state) WHERE state IN ('queued', 'running');
CREATE TABLE platform.dead_letter (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('job', 'event')),
    queue text NOT NULL,
    name text NOT NULL,
    source_id text NOT NULL,
    payload jsonb NOT NULL,
    automation_id text,
    correlation_id text NOT NULL,
    error jsonb NOT NULL,
    attempts jsonb NOT NULL,
    triage jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    resolved_by text,
    resolution text
);
CREATE UNIQUE INDEX dead_letter_once ON platform.dead_letter (kind, queue, source_id) WHERE resolved_at IS NULL;
CREATE INDEX dead_letter_open ON platform.dead_letter (queue, created_at) WHERE resolved_at IS NULL;
CREATE INDEX dead_letter_automation ON platform.dead_letter (automation_id);
CREATE TABLE platform.idempotency (
    key text PRIMARY KEY,
    response text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""

_AUDIT = """
CREATE TABLE platform.decision_input (
    hash text PRIMARY KEY,
    inputs text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (hash = encode(sha256(convert_to(inputs, 'UTF8')), 'hex'))
);
CREATE TABLE platform.audit_head (
    chain text PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0,
    hash text NOT NULL DEFAULT ''
);
INSERT INTO platform.audit_head (chain) VALUES ('decision_audit'), ('transition_audit');
CREATE TABLE platform.decision_audit (
    seq bigint PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    subject text NOT NULL,
    decision text NOT NULL,
    rules_version text NOT NULL,
    inputs_hash text NOT NULL REFERENCES platform.decision_input (hash),
    correlation_id text NOT NULL,
    automation_id text,
    entry text NOT NULL,
    prev_hash text NOT NULL,
    hash text NOT NULL
);
CREATE INDEX decision_audit_correlation ON platform.decision_audit (correlation_id);
CREATE INDEX decision_audit_automation ON platform.decision_audit (automation_id);
CREATE INDEX decision_audit_subject ON platform.decision_audit (subject, seq);
CREATE TABLE platform.transition_audit (
    seq bigint PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    entity text NOT NULL,
    entity_id text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    correlation_id text NOT NULL,
    automation_id text,
    entry text NOT NULL,
    prev_hash text NOT NULL,
    hash text NOT NULL
);
CREATE INDEX transition_audit_entity ON platform.transition_audit (entity, entity_id, seq);
CREATE INDEX transition_audit_correlation ON platform.transition_audit (correlation_id);
CREATE INDEX transition_audit_automation ON platform.transition_audit (automation_id);
CREATE FUNCTION platform.chain_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ruach.audit'));
    EXECUTE format('SELECT seq, hash FROM platform.%I ORDER BY seq DESC LIMIT 1', TG_TABLE_NAME)
        INTO NEW.seq, NEW.prev_hash;
    NEW.seq := coalesce(NEW.seq, 0) + 1;
    NEW.prev_hash := coalesce(NEW.prev_hash, '');
    NEW.hash := encode(sha256(convert_to(NEW.prev_hash || E'\\n' || NEW.seq || E'\\n' || NEW.entry, 'UTF8')), 'hex');
    RETURN NEW;
END $$;
CREATE FUNCTION platform.move_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE platform.audit_head h SET seq = l.seq, hash = l.hash FROM'
        ' (SELECT seq, hash FROM platform.%I ORDER BY seq DESC LIMIT 1) l WHERE h.chain = $1', TG_TABLE_NAME)
        USING TG_TABLE_NAME::text;
    RETURN NULL;
END $$;
CREATE FUNCTION platform.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'platform.% is append-only; record a correction instead', TG_TABLE_NAME;
END $$;
"""

_CHAINED = ("decision_audit", "transition_audit")
_APPEND_ONLY = (*_CHAINED, "decision_input")


def upgrade() -> None:
    """Create the tables, then the triggers that chain audit rows and refuse any change to them."""
    for script in (_EVENTS, _JOBS, _AUDIT):
        op.execute(script)
    for table in _CHAINED:
        op.execute(
            f"CREATE TRIGGER {table}_chain BEFORE INSERT ON platform.{table}"
            " FOR EACH ROW EXECUTE FUNCTION platform.chain_row()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_head AFTER INSERT ON platform.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION platform.move_head()"
        )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change()"
        )
