"""Chain audit rows with functions that name their table, so that their statements are planned once and not at every row.

What they write is unchanged: seq, prev_hash and hash of 0001, under the same lock. A plan made while the table was empty
would read it whole, and be kept while it grows: the last row is found by the index, always.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

_CHAIN = """
CREATE FUNCTION platform.chain_{table}() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_sort = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ruach.audit'));
    SELECT seq, hash INTO NEW.seq, NEW.prev_hash FROM platform.{table} ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(NEW.seq, 0) + 1;
    NEW.prev_hash := coalesce(NEW.prev_hash, '');
    NEW.hash := encode(sha256(convert_to(NEW.prev_hash || E'\\n' || NEW.seq || E'\\n' || NEW.entry, 'UTF8')), 'hex');
    RETURN NEW;
END $$;
CREATE FUNCTION platform.move_{table}_head() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_sort = off AS $$
BEGIN
    UPDATE platform.audit_head h SET seq = l.seq, hash = l.hash
        FROM (SELECT seq, hash FROM platform.{table} ORDER BY seq DESC LIMIT 1) l WHERE h.chain = '{table}';
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER {table}_chain BEFORE INSERT ON platform.{table}
    FOR EACH ROW EXECUTE FUNCTION platform.chain_{table}();
CREATE OR REPLACE TRIGGER {table}_head AFTER INSERT ON platform.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION platform.move_{table}_head();
"""


def upgrade() -> None:
    """Replace the triggers, and drop the functions that looked their table up."""
    for table in ("decision_audit", "transition_audit"):
        op.execute(_CHAIN.replace("{table}", table))
    op.execute("DROP FUNCTION platform.chain_row(); DROP FUNCTION platform.move_head()")
