"""Turn RUACH_QUEUE_BACKEND and RUACH_REDIS_* into the checked part of the settings that says where queues and cache are."""

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class RedisSettings(BaseSettings):
    """Where jobs wait: on the database, or on a Redis that is there anyway. A Redis address alone gives a shared cache."""

    queue_backend: Literal["postgres", "redis"] = "postgres"
    redis_url: str | None = None
    redis_prefix: str = "bull"  # before every key of the queues; Bull Board's own default
    cache_s: int = Field(default=86_400, ge=1, le=30 * 86_400)  # how long the shared cache keeps what it was given

    @field_validator("redis_url", mode="before")
    @classmethod
    def _empty_address_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("redis_url")
    @classmethod
    def _an_address_of_a_redis(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.path):
            raise ValueError("it is no redis://, rediss:// or unix:// address")
        try:
            _ = parts.port
        except ValueError:
            raise ValueError("its port is no number up to 65535") from None
        if parts.scheme != "unix" and parts.path.strip("/") and not parts.path.strip("/").isdigit():
            raise ValueError("behind the host stands the number of a database, as in redis://host:6379/0")
        return url

    @field_validator("redis_prefix")
    @classmethod
    def _plain_key_prefix(cls, prefix: str) -> str:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError("it is up to 64 letters, digits, '_', '.' and '-'")
        return prefix

    @model_validator(mode="after")
    def _redis_has_an_address(self) -> Self:
        if self.queue_backend == "redis" and self.redis_url is None:
            raise ValueError("queue_backend is redis, so RUACH_REDIS_URL must say where")
        return self
