"""Turn chance into a token that its holder knows and we do not: only its SHA-256 is stored.

256 random bits need no slow hash: there is nothing to guess. A look-up by hash leaks no timing about the secret.
"""

import hashlib
import secrets

SERVICE_PREFIX = "ruach_st_"
TOKEN_LENGTH_MAX = 128


def new_session_token() -> str:
    """Draw the value of a session cookie."""
    return secrets.token_urlsafe(32)


def new_service_token() -> str:
    """Draw a service token; the prefix lets secret scanners find one that leaked."""
    return SERVICE_PREFIX + secrets.token_urlsafe(32)


def token_sha256(token: str) -> bytes:
    """Return what the database holds of `token`."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
