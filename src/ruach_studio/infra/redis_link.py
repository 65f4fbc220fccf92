"""Turn RUACH_REDIS_URL into clients that fail fast, and into a word on whether Redis answers.

redis-py's and BullMQ's defaults retry for minutes (measured: an add with Redis down hung for 352 s) and give up an idle
wait after the very 5 s that it lasts, then stay deaf for up to 20 s. Here no client retries by itself: who asks for an
answer has it within about a second, and workers wait longer than any wait lasts. While Redis is known to be down it is
asked at most every 2 s.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import BadInput, Unavailable

CONNECT_S, ANSWER_S = 0.5, 1.0
WORKER_ANSWER_S = 20.0  # above BullMQ's longest wait for a job, 10 s
ASK_AGAIN_S = 2.0
FRESH_S = 0.5  # an answer this young stands for the next one
_TRIED_MS = 60_000
OLDEST_SERVER = (6, 2)

log = get_logger(__name__)


class RedisAway(Unavailable):
    """Redis does not answer; what needs it waits until it does."""

    code = "redis_unavailable"


class RedisRefused(Unavailable):
    """Redis answers, but refuses; its message says what it lacks."""

    code = "redis_refused"


class RedisLink:
    """The way to one Redis (or Valkey) server. `prefix` stands before every key of ours and of BullMQ's."""

    def __init__(self, url: str, *, prefix: str = "bull") -> None:
        """Take an address as redis://, rediss:// or unix://; nothing connects before first use."""
        self.prefix = prefix
        self._url = url
        self.client = self._new(ANSWER_S)
        self._asked_s = -ASK_AGAIN_S
        self._up = True
        self._tried_s, self._refusal = -ASK_AGAIN_S, ""

    def worker_client(self) -> "Redis":
        """Return a client for one BullMQ worker, which closes it."""
        return self._new(WORKER_ANSWER_S)

    def _new(self, answer_s: float) -> "Redis":
        return Redis.from_url(
            self._url, decode_responses=True, retry=Retry(NoBackoff(), 0), socket_connect_timeout=CONNECT_S,
            socket_timeout=answer_s, socket_keepalive=True,
        )  # fmt: skip

    @property
    def known_up(self) -> bool:
        """Say whether Redis answered when it was last asked (True before the first question)."""
        return self._up

    async def up(self) -> bool:
        """Say whether Redis answers; asks at most twice a second, and every 2 s while it is down."""
        now_s = time.monotonic()
        if now_s - self._asked_s >= (FRESH_S if self._up else ASK_AGAIN_S):
            self._asked_s = now_s  # first: while one asks, the others take what is known
            try:
                await self.client.ping()
            except (RedisError, OSError) as error:
                self.note(error)
            else:
                self.note(None)
        return self._up

    async def refusal(self) -> str:
        """Return why Redis takes no writes ("": it does, or does not answer); tries one at most twice a second.

        Full, read-only or without a disk it answers a PING as ever, so every process that is asked tries for itself.
        """
        now_s = time.monotonic()
        if await self.up() and now_s - self._tried_s >= FRESH_S:
            self._tried_s = now_s
            with suppress(RedisAway):  # noted by then
                try:
                    async with self.asking() as client:
                        await client.set(f"{self.prefix}:writable", "1", px=_TRIED_MS)
                except RedisRefused as error:
                    self._refused(error.fact)
                else:
                    self._refused("")
        return self._refusal if self._up else ""

    def _refused(self, refusal: str) -> None:
        if bool(refusal) != bool(self._refusal):
            if refusal:
                log.warning("redis.refuses", message=refusal)
            else:
                log.info("redis.takes_again")
        self._refusal = refusal

    def note(self, error: BaseException | None) -> None:
        """Remember how Redis last behaved; a change is logged once."""
        up = error is None
        if up != self._up:
            if up:
                log.info("redis.back")
            else:
                log.warning("redis.lost", message=type(error).__name__)
        self._up, self._asked_s = up, time.monotonic()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator["Redis"]:
        """Give the client. Raises RedisAway at once while Redis is known to be down, and if it fails inside the block."""
        if not self._up and not await self.up():
            raise RedisAway(subject="redis")
        try:
            yield self.client
        except ResponseError as error:  # it answers, with a no: out of memory, a replica, a right that is missing
            raise RedisRefused(str(error), subject="redis") from error
        except (RedisError, OSError) as error:
            self.note(error)
            raise RedisAway(type(error).__name__, subject="redis") from error
        self.note(None)

    async def check(self) -> list[str]:
        """Return what an operator should hear about a server that holds queues. Raises BadInput if it may drop jobs.

        Raises RedisAway if it does not answer.
        """
        async with self.asking() as client:
            found: dict[str, Any] = await client.info()
        version = str(found.get("redis_version", "0"))
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_SERVER:
            raise BadInput(f"it is Redis {version}", subject="redis", remedy="Use Redis 6.2 or newer, or Valkey.")
        policy = found.get("maxmemory_policy")
        if policy != "noeviction":
            raise BadInput(
                f"maxmemory-policy is {policy}: when memory is short, Redis would drop jobs", subject="redis",
                remedy="Set `maxmemory-policy noeviction` in redis.conf (or CONFIG SET), or leave the queues on postgres.",
            )  # fmt: skip
        if not found.get("aof_enabled"):
            return ["appendonly is off: a restart of Redis empties its queues. Jobs are sent again from PostgreSQL within"
                    " seconds, but Bull Board's history is gone. Set `appendonly yes`."]  # fmt: skip
        return []

    async def close(self) -> None:
        """Close the connections of the fast client."""
        await self.client.aclose()
