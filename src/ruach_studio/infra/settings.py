"""Turn RUACH_* environment variables (and a few arguments) into one frozen, checked value.

Nothing else reads the environment. Every setting has a default that works on a desk with no other service: embedded
PostgreSQL, queues on it, files under `.ruach`. Secrets and addresses with a password never show in repr or in errors.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from ruach_studio.infra.faults import words_of
from ruach_studio.infra.masking import masked
from ruach_studio.infra.settings_outbox import OutboxSettings
from ruach_studio.infra.settings_pillars import PillarSettings
from ruach_studio.infra.settings_proxies import ProxySettings
from ruach_studio.infra.settings_redis import RedisSettings
from ruach_studio.infra.settings_remotion import RemotionSettings
from ruach_studio.infra.settings_s3 import S3Settings
from ruach_studio.infra.settings_signals import SignalsSettings
from ruach_studio.kernel.errors import BadInput

_FOLDERS = ("data_dir", "store_dir")
Tier = Literal["supporter", "partner", "builder", "steward"]
_ADDRESSES = ("database_url", "redis_url", "embedding_url")


class Settings(
    S3Settings, RemotionSettings, PillarSettings, OutboxSettings, SignalsSettings, RedisSettings, ProxySettings
):  # fmt: skip
    """Everything that differs between a desk, a test and a fleet. Paths are absolute; sizes and times carry units."""

    model_config = SettingsConfigDict(
        env_prefix="RUACH_", frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True
    )

    data_dir: Path = Field(default=Path(".ruach"), validate_default=True)
    store_dir: Path = Field(default_factory=lambda data: data["data_dir"] / "store")
    media_roots: Annotated[list[Path], NoDecode] = Field(default_factory=list)
    ffmpeg_bin: Path | None = Field(default=None, validation_alias=AliasChoices("RUACH_FFMPEG_BIN", "FFMPEG_BIN"))
    ffmpeg_stall_s: float = Field(default=300.0, gt=0, le=86_400)  # without headway for so long, FFmpeg is ended

    database_url: str | None = None
    database_pool_size: int = Field(default=10, ge=1, le=200)

    host: str = "127.0.0.1"
    port: int = Field(default=8600, ge=0, le=65535)
    public_url: str = Field(default_factory=lambda data: _own_address(data["host"], data["port"]))
    secure_cookies: bool = False
    media_public: bool = True  # published renders play without signing in; False asks for a role
    render_helpers: int = Field(default=0, ge=0, le=16)  # jobs that a long render asks to encode chunks beside it
    next_step_deadline_ms: int = Field(default=1500, ge=50, le=60_000)  # then the static list is shown
    web_dist: Path | None = None  # the built pages; unset = web/dist beside the source
    stripe_webhook_secret: SecretStr | None = None
    stripe_tiers: Annotated[dict[str, Tier], NoDecode] = Field(default_factory=dict)

    # An OpenAI-compatible endpoint whose model reads reflections too; unset, the published rubric alone does.
    assessor_url: str | None = None
    assessor_model: str | None = None
    assessor_api_key: SecretStr | None = None
    assessor_timeout_s: float = Field(default=60.0, gt=0, le=600)

    xapi_url: str | None = None  # a learning record store's endpoint, without /statements; unset = nothing is streamed
    xapi_user: str | None = None
    xapi_password: SecretStr | None = None
    xapi_version: Literal["1.0.3", "2.0.0"] = "1.0.3"

    # What turns texts into vectors for search: built in, an optional package, or an OpenAI-compatible service.
    embedder: Literal["hashing", "wordllama"] = "hashing"
    embedding_url: str | None = None  # an OpenAI-compatible service, as in http://127.0.0.1:11434/v1; above `embedder`
    embedding_model: str = ""
    embedding_api_key: SecretStr | None = None
    embedding_dimensions: int | None = Field(default=None, ge=8, le=4096)
    embedding_least_similarity: float = Field(default=0.3, ge=0.0, lt=1.0)

    # What writes down speech: the folder of a CTranslate2 Whisper model; unset, that of the extra `transcribe`.
    transcribe_model: Path | None = None
    transcribe_threads: int = Field(default=2, ge=1, le=64)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = False

    @field_validator("media_roots", mode="before")
    @classmethod
    def _split_roots(cls, value: object) -> object:
        """Take `a:b` as well as a list, as in PATH."""
        return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value

    @field_validator("stripe_tiers", mode="before")
    @classmethod
    def _split_tiers(cls, value: object) -> object:
        """Take `price_a=supporter,price_b=partner` as well as a mapping."""
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        return {price.strip(): tier.strip() for price, _, tier in pairs}

    @field_validator("data_dir", "store_dir", "ffmpeg_bin", "transcribe_model", "web_dist")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @field_validator("media_roots")
    @classmethod
    def _absolute_roots(cls, roots: list[Path]) -> list[Path]:
        return [root.expanduser().resolve() for root in roots]

    @field_validator(
        "database_url", "ffmpeg_bin", "assessor_url", "assessor_model", "xapi_url", "xapi_user",
        "embedding_url", "transcribe_model", "web_dist", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="before")
    @classmethod
    def _empty_folder_is_unset(cls, given: Any) -> Any:
        """An empty folder name would be the current folder, and fill it with working files."""
        return {name: value for name, value in given.items() if not (name in _FOLDERS and value == "")}

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("xapi_url")
    @classmethod
    def _plain_endpoint(cls, url: str | None) -> str | None:
        """The address names the stream's cursor, so it holds no password and one form only."""
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("it is no http(s) address of an xAPI endpoint")
        if parts.username is not None or parts.password is not None:
            raise ValueError("it holds credentials; put them into RUACH_XAPI_USER and RUACH_XAPI_PASSWORD")
        return url.rstrip("/").removesuffix("/statements")

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @model_validator(mode="after")
    def _embeddings_have_a_model(self) -> Self:
        if self.embedding_url is not None and not self.embedding_model:
            raise ValueError("embedding_url is given, so RUACH_EMBEDDING_MODEL must name the model")
        return self

    @model_validator(mode="after")
    def _assessor_has_a_model(self) -> Self:
        if (self.assessor_url is None) != (self.assessor_model is None):
            raise ValueError("RUACH_ASSESSOR_URL and RUACH_ASSESSOR_MODEL go together")
        return self

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            yield name, masked(value) if name in _ADDRESSES and isinstance(value, str) else value


def load_settings(**overrides: Any) -> Settings:
    """Read the environment, put `overrides` (by field name) above it, and raise BadInput naming each wrong variable."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        # a default that hangs on a wrong value is not wrong itself
        wrong = [item for item in found if item["type"] != "default_factory_not_called"]
        names = [str(item["loc"][0]) if item["loc"] else "" for item in wrong]
        raise BadInput(
            "; ".join(f"{name}: {words_of(item)}".removeprefix(": ") for name, item in zip(names, wrong, strict=True)),
            subject="settings",
            remedy="Correct " + ", ".join(_variable(name) for name in names if name) if any(names) else "Set it.",
        ) from None


def _own_address(host: str, port: int) -> str:
    """Return where a browser on this machine finds what listens at `host` and `port`.

    >>> _own_address("0.0.0.0", 8655), _own_address("::1", 8600)
    ('http://127.0.0.1:8655', 'http://[::1]:8600')
    """
    near = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104  (asked, not listened at)
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"


def _variable(name: str) -> str:
    return name if name.isupper() else f"RUACH_{name.upper()}"
