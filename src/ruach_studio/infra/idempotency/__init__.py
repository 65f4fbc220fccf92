"""Turn a request that may arrive twice into one effect and one answer.

The key is a unique row in the transaction of the effect itself. A second caller waits until the first has committed
(then gets its answer) or rolled back (then does the work itself).
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.idempotency import store


async def once(tx: AsyncConnection, key: str, make: Callable[[], Awaitable[dict[str, Any]]]) -> tuple[dict[str, Any], bool]:
    """Return (answer, whether it was made just now). `make` runs inside `tx`, at most once per key that ever commits.

    The answer is a JSON object. Keep the transaction short: callers with the same key wait for it.
    """
    if not await store.claim(tx, key):
        return await store.answer(tx, key), False
    made = await make()
    await store.keep(tx, key, made)
    return made, True
