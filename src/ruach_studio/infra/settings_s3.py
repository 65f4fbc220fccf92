"""Turn RUACH_STORAGE and RUACH_S3_* into the checked part of the settings that names a bucket.

The two keys (and a session token) may also come as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as
platforms hand them out. They come from the environment only and never show in repr, logs or errors.
"""

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,199}")
SIGNED_S_MAX = 604_800  # a week: longer, and no S3 takes the signature


def _from(name: str) -> AliasChoices:
    return AliasChoices(f"RUACH_S3_{name}", f"AWS_{name}")


class S3Settings(BaseSettings):
    """Where finished files go: this machine's disk, or a bucket."""

    storage: Literal["disk", "s3"] = "disk"
    s3_bucket: str | None = None
    s3_endpoint: str | None = None  # unset = AWS
    s3_region: str | None = None  # unset = "auto" at an endpoint of its own; AWS wants one
    s3_prefix: str = ""
    s3_addressing: Literal["auto", "path", "virtual"] = "auto"
    s3_access_key_id: SecretStr | None = Field(default=None, validation_alias=_from("ACCESS_KEY_ID"))
    s3_secret_access_key: SecretStr | None = Field(default=None, validation_alias=_from("SECRET_ACCESS_KEY"))
    s3_session_token: SecretStr | None = Field(default=None, validation_alias=_from("SESSION_TOKEN"))
    s3_public_url: str | None = None  # the bucket's root as everybody (a CDN) serves it; unset = private
    s3_signed_s: int = Field(default=21_600, ge=60, le=SIGNED_S_MAX)
    s3_answer_s: float = Field(default=30.0, ge=0.2, le=600)

    @field_validator(
        "s3_bucket", "s3_endpoint", "s3_region", "s3_access_key_id", "s3_secret_access_key", "s3_session_token",
        "s3_public_url", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_means_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("s3_bucket")
    @classmethod
    def _plain_bucket(cls, bucket: str | None) -> str | None:
        if bucket is not None and not _BUCKET.fullmatch(bucket):
            raise ValueError("a bucket's name is 3 to 63 small letters, digits, dots and hyphens")
        return bucket

    @field_validator("s3_prefix")
    @classmethod
    def _plain_prefix(cls, prefix: str) -> str:
        stripped = prefix.strip("/")
        if stripped and not all(_SEGMENT.fullmatch(segment) for segment in stripped.split("/")):
            raise ValueError("it is segments of letters, digits and '._-@+=' divided by '/'")
        return stripped

    @field_validator("s3_endpoint", "s3_public_url")
    @classmethod
    def _plain_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise ValueError("it holds credentials; they have variables of their own")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("it is no http(s) address")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _bucket_is_reachable(self) -> Self:
        if self.storage != "s3":
            return self
        needed = {
            "RUACH_S3_BUCKET": self.s3_bucket,
            "RUACH_S3_ACCESS_KEY_ID": self.s3_access_key_id,
            "RUACH_S3_SECRET_ACCESS_KEY": self.s3_secret_access_key,
            "RUACH_S3_REGION (or RUACH_S3_ENDPOINT, unless it is AWS)": self.s3_region or self.s3_endpoint,
        }
        missing = [name for name, value in needed.items() if value is None]
        if missing:
            raise ValueError("RUACH_STORAGE is s3, so it needs " + ", ".join(missing))
        return self
