"""Make the tables of people and machines that may act: accounts, login sessions, service tokens, login attempts.

Secrets never lie here: passwords as argon2id hashes, cookies and tokens as SHA-256 of 256 random bits.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_ACCOUNT = """
CREATE TABLE platform.account (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND email LIKE '_%@_%' AND length(email) <= 254),
    password_hash text,
    display_name text NOT NULL DEFAULT '',
    roles text[] NOT NULL DEFAULT '{}' CHECK (roles <@ ARRAY['operator', 'admin', 'member']),
    disabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
)
"""

_LOGIN_SESSION = """
CREATE TABLE platform.login_session (
    token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
    account_id uuid NOT NULL REFERENCES platform.account (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX login_session_account ON platform.login_session (account_id);
CREATE INDEX login_session_expiry ON platform.login_session (expires_at)
"""

_MACHINE = """
CREATE TABLE platform.service_token (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    token_sha256 bytea NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
    roles text[] NOT NULL CHECK (roles <@ ARRAY['operator', 'admin', 'member']),
    scopes text[] NOT NULL DEFAULT '{}',
    created_by uuid REFERENCES platform.account (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
)
"""

_LOGIN_ATTEMPTS = """
CREATE TABLE platform.login_attempts (
    email text NOT NULL,
    ip text NOT NULL,
    attempts integer NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (email, ip)
);
CREATE INDEX login_attempts_since ON platform.login_attempts (since)
"""


def upgrade() -> None:
    """Make the four tables."""
    for statements in (_ACCOUNT, _LOGIN_SESSION, _MACHINE, _LOGIN_ATTEMPTS):
        op.execute(statements)
