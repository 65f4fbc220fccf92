"""Turn a login attempt into permission to try: five per account and address, fifty per address, in 15 minutes.

The attempt is counted before the password is looked at, in its own transaction, so that a hundred at once get five
tries and not a hundred. A success gives its attempt back. An address is an IPv4 address or an IPv6 /64, which one
customer holds as a whole.
"""

import ipaddress
from datetime import datetime, timedelta

from ruach_studio.infra.auth.store import attempts
from ruach_studio.infra.db import Database
from ruach_studio.infra.http.problems import TooManyRequests

WINDOW = timedelta(minutes=15)
ATTEMPTS_MAX = 5
ATTEMPTS_PER_ADDRESS_MAX = 50
ANY_EMAIL = "*"


class TooManyLogins(TooManyRequests):
    """Too many sign-in attempts; wait before the next one."""

    code = "too_many_logins"


async def admit(database: Database, email: str, address: str, at: datetime) -> None:
    """Count one attempt; raise TooManyLogins (with Retry-After) if it is one too many."""
    async with database.transaction() as tx:
        mine, mine_since = await attempts.count(tx, email, address, at, WINDOW)
        every, every_since = await attempts.count(tx, ANY_EMAIL, address, at, WINDOW)
    waits = [since + WINDOW - at for count, limit, since in (
        (mine, ATTEMPTS_MAX, mine_since), (every, ATTEMPTS_PER_ADDRESS_MAX, every_since)
    ) if count > limit]  # fmt: skip
    if waits:
        wait_s = max(waits).total_seconds()
        remedy = f"Wait {max(1, round(wait_s / 60))} min, then try again."
        raise TooManyLogins(remedy=remedy, retry_after_s=max(1.0, wait_s))


def address_of(host: str | None) -> str:
    """Return the address that attempts are counted by."""
    try:
        ip = ipaddress.ip_address((host or "").split("%")[0])
    except ValueError:
        return host or "unknown"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else str(ip)
