"""Turn a password into an argon2id hash, and a guess into yes or no in the same time for known and unknown accounts.

Hashing takes 64 MiB and some 50 ms, so it runs in two threads of its own: a flood of logins queues instead of
exhausting memory, and the event loop stays free.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from pwdlib import PasswordHash

from ruach_studio.kernel.errors import BadInput

LENGTH_MIN = 12
LENGTH_MAX = 256
_HASHES = PasswordHash.recommended()
_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


class WeakPassword(BadInput):
    """This password cannot be used."""

    code = "weak_password"


async def hashed(password: str) -> str:
    """Return the argon2id hash of a new password; raise WeakPassword outside 12 to 256 characters."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise WeakPassword(
            f"it has {len(password)} characters", subject="password", remedy=f"Use {LENGTH_MIN} to {LENGTH_MAX} characters."
        )
    return await asyncio.get_running_loop().run_in_executor(_POOL, _HASHES.hash, password)


async def matches(password: str, stored_hash: str | None) -> tuple[bool, str | None]:
    """Return whether `password` is right, and a new hash if the stored one is of an older strength.

    Without a stored hash (unknown account) a hash of nothing is checked instead, which takes the same time.
    """
    loop = asyncio.get_running_loop()
    right, renewed = await loop.run_in_executor(_POOL, _verified, password, stored_hash)
    return right and stored_hash is not None, renewed


def _verified(password: str, stored_hash: str | None) -> tuple[bool, str | None]:
    nobody = _hash_of_nobody()  # made before the branch, so that the first unknown email is not slower
    return _HASHES.verify_and_update(password[: LENGTH_MAX + 1], stored_hash or nobody)


@cache
def _hash_of_nobody() -> str:
    return _HASHES.hash("the password of an account that does not exist")
