"""Make the schema of membership: the ledger of Stripe's events, what they told, and each account's standing.

A ledger row is a fact and never changes. The other rows are registers: the newest word on one thing, with its stamp. An
account is named by id only, with no foreign key: accounts belong to another schema.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

_LEDGER = """
CREATE TABLE membership.stripe_event (
    event_id text PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    event_type text NOT NULL,
    created timestamptz,
    received_at timestamptz NOT NULL,
    effect text NOT NULL CHECK (effect IN ('applied', 'stale', 'ignored')),
    customer_id text,
    subscription_id text,
    checkout_id text,
    notes text[] NOT NULL DEFAULT '{}',
    payload_sha256 text NOT NULL,
    correlation_id uuid NOT NULL
);
CREATE FUNCTION membership.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'membership.% rows are facts and never change', TG_TABLE_NAME; END $$;
CREATE TRIGGER stripe_event_is_a_fact BEFORE UPDATE OR DELETE OR TRUNCATE ON membership.stripe_event
    FOR EACH STATEMENT EXECUTE FUNCTION membership.refuse_change();
"""

_REGISTERS = """
CREATE TABLE membership.customer (
    customer_id text PRIMARY KEY,
    claim jsonb
);
CREATE TABLE membership.subscription (
    subscription_id text PRIMARY KEY,
    customer_id text,
    account_id uuid,
    snapshot jsonb,
    claim jsonb,
    paid jsonb,
    operator_account uuid
);
CREATE INDEX subscription_customer ON membership.subscription (customer_id);
CREATE INDEX subscription_account ON membership.subscription (account_id);
CREATE TABLE membership.purchase (
    checkout_id text PRIMARY KEY,
    customer_id text,
    account_id uuid,
    kind text NOT NULL CHECK (kind IN ('course', 'donation')),
    facts jsonb NOT NULL
);
CREATE INDEX purchase_customer ON membership.purchase (customer_id);
CREATE INDEX purchase_account ON membership.purchase (account_id);
"""

_STANDING = """
CREATE TABLE membership.standing (
    account_id uuid PRIMARY KEY,
    tier text CHECK (tier IN ('supporter', 'partner', 'builder', 'steward')),
    access text NOT NULL CHECK (access IN ('none', 'basic', 'full', 'leader')),
    entitlements text[] NOT NULL,
    courses text[] NOT NULL,
    changed_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Create schema `membership`."""
    op.execute("CREATE SCHEMA IF NOT EXISTS membership")
    for part in (_LEDGER, _REGISTERS, _STANDING):
        op.execute(part)
