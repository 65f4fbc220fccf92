"""The SQL of idempotency keys. The insert waits for a rival's transaction, which is all the locking there is."""

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.kernel.hashing import plain

_CLAIM = text("INSERT INTO platform.idempotency (key) VALUES (:key) ON CONFLICT DO NOTHING")
_KEEP = text("UPDATE platform.idempotency SET response = :response WHERE key = :key")
_ANSWER = text("SELECT response FROM platform.idempotency WHERE key = :key")


async def claim(tx: AsyncConnection, key: str) -> bool:
    """Insert the key; False if it is taken by a committed transaction."""
    return (await tx.execute(_CLAIM, {"key": key})).rowcount == 1


async def keep(tx: AsyncConnection, key: str, response: dict[str, Any]) -> None:
    """Store the answer beside the key."""
    await tx.execute(_KEEP, {"key": key, "response": json.dumps(plain(response), allow_nan=False)})


async def answer(tx: AsyncConnection, key: str) -> dict[str, Any]:
    """Return the stored answer of a taken key."""
    found: dict[str, Any] = json.loads((await tx.execute(_ANSWER, {"key": key})).scalar_one())
    return found
