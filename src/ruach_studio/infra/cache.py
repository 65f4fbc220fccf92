"""Turn what is costly to get and never changes under its key into something that every process finds again.

Optional in every way: a miss, an outage and no Redis at all look the same, and whoever asks gets the value as if there were
no cache. While Redis is known to be down it is not asked (see redis_link.py). What is kept never needs to be withdrawn:
keys name the content and what made it, so there is no invalidation to get wrong.
"""

from typing import Protocol

from ruach_studio.infra.redis_link import RedisAway, RedisLink, RedisRefused


class Cache(Protocol):
    """A place for texts. Neither method ever raises because of the place itself."""

    async def get(self, key: str) -> str | None:
        """Return what was kept under `key`, or None."""
        ...

    async def put(self, key: str, value: str) -> None:
        """Keep `value` under `key` for a while, if that can be done now."""
        ...


class RedisCache:
    """The Cache on the Redis of `link`; each value lives for `keep_s` seconds."""

    def __init__(self, link: RedisLink, *, keep_s: int) -> None:
        self._link = link
        self._keep_s = keep_s

    async def get(self, key: str) -> str | None:
        """See Cache.get."""
        try:
            async with self._link.asking() as client:
                found = await client.get(self._named(key))
        except (RedisAway, RedisRefused):
            return None
        return None if found is None else str(found)

    async def put(self, key: str, value: str) -> None:
        """See Cache.put."""
        try:
            async with self._link.asking() as client:
                await client.set(self._named(key), value, ex=self._keep_s)
        except (RedisAway, RedisRefused):
            return

    def _named(self, key: str) -> str:
        return f"{self._link.prefix}-cache:{key}"
