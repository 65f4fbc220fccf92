"""Turn settings into one place in one bucket, and that place into a client of botocore.

Retries are botocore's own (standard mode: exponential backoff with jitter, at most 4 attempts at a request). Checksums are
sent and asked for only where we name them: R2 and older servers answer 501 to the ones that botocore adds by itself. Nothing
is read from ~/.aws: the settings alone say where and as whom.
"""

import os
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.config import Config
from botocore.session import Session
from pydantic import SecretStr

from ruach_studio.infra.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ATTEMPTS = 4
CONNECT_S = 10.0  # also how long the line may stand still while we send
CONNECTIONS = 16
_MAKING = Lock()  # making a client is not safe in two threads at once; using one is
_FILES = ("config_file", "credentials_file")
_MORE: dict[str, Any] = {"ignore_configured_endpoint_urls": True, "user_agent_appid": "ruach-studio"}  # not in the stubs


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects lie and as whom we come. Secrets do not show in its repr. Times are seconds.

    `public_url` is the address of the bucket's root for everybody; without it the bucket is private and `service_url`, the
    address of this service, hands out signed addresses. `prefix` ends with a slash or is empty.
    """

    bucket: str
    access_key_id: SecretStr
    secret_access_key: SecretStr
    session_token: SecretStr | None = None
    endpoint: str | None = None
    region: str = "auto"
    prefix: str = ""
    addressing: Literal["auto", "path", "virtual"] = "auto"
    connect_s: float = CONNECT_S
    answer_s: float = 30.0
    attempts: int = ATTEMPTS
    public_url: str | None = None
    service_url: str = ""
    signed_s: int = 21_600

    def name(self, key: str) -> str:
        """Return the object's name in the bucket."""
        return self.prefix + key


def place_of(settings: Settings) -> Place:
    """Return the place that checked settings with `storage` "s3" name."""
    if settings.s3_bucket is None or settings.s3_access_key_id is None or settings.s3_secret_access_key is None:
        raise AssertionError("settings with storage s3 are checked for these when they are read")
    prefix = settings.s3_prefix.strip("/")
    return Place(
        settings.s3_bucket, settings.s3_access_key_id, settings.s3_secret_access_key, settings.s3_session_token,
        endpoint=settings.s3_endpoint, region=settings.s3_region or "auto", prefix=f"{prefix}/" if prefix else "",
        addressing=settings.s3_addressing, answer_s=settings.s3_answer_s, public_url=settings.s3_public_url,
        service_url=settings.public_url, signed_s=settings.s3_signed_s,
    )  # fmt: skip


def open_client(place: Place) -> "S3Client":
    """Return a client for `place`; it may be used by many threads at once. Makes no request."""
    addressing = place.addressing
    if addressing == "auto" and place.endpoint is not None:
        addressing = "path"  # works at every server that has an address of its own, with any certificate
    config = Config(
        retries={"mode": "standard", "total_max_attempts": place.attempts},
        connect_timeout=place.connect_s,
        read_timeout=place.answer_s,
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        signature_version="s3v4",
        s3={"addressing_style": addressing},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **_MORE,
    )
    token = place.session_token
    with _MAKING:
        client: Any = _session().create_client(
            "s3", region_name=place.region, endpoint_url=place.endpoint, config=config,
            aws_access_key_id=place.access_key_id.get_secret_value(),
            aws_secret_access_key=place.secret_access_key.get_secret_value(),
            aws_session_token=token.get_secret_value() if token else None,
        )  # fmt: skip
    return cast("S3Client", client)


@cache
def _session() -> Session:
    """One session, since it keeps the description of S3 that takes a tenth of a second to read."""
    nothing = {"profile": (None, None, None, None), **dict.fromkeys(_FILES, (None, None, os.devnull, None))}
    return Session(session_vars=nothing)
