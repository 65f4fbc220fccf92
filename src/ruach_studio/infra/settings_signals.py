"""Turn RUACH_METRICS_TOKEN, RUACH_OTEL_ENDPOINT and RUACH_REQUEST_LOG_DAYS into the checked settings of who watches."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

TOKEN_LENGTH_MIN = 16


class SignalsSettings(BaseSettings):
    """How the service can be watched; nothing leaves the machine unless an address says where to."""

    metrics_token: SecretStr | None = None  # a scraper's bearer token; unset = an operator, or a token with metrics:read
    otel_endpoint: str | None = None  # an OTLP/HTTP collector, as in http://127.0.0.1:4318; unset = no traces
    request_log_days: int = Field(default=30, ge=0, le=3650)  # how long `ruach trace` knows who asked; 0 = nothing is kept

    @field_validator("metrics_token", "otel_endpoint", mode="before")
    @classmethod
    def _unset_if_empty(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("metrics_token")
    @classmethod
    def _not_to_be_guessed(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < TOKEN_LENGTH_MIN:
            raise ValueError(f"it has fewer than {TOKEN_LENGTH_MIN} characters, so it could be guessed")
        return token

    @field_validator("otel_endpoint")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("it is no http(s) address of a collector, or holds credentials")
        return url.rstrip("/").removesuffix("/v1/traces")
