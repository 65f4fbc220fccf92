"""Turn RUACH_RENDER_RUNNER, RUACH_REMOTION_* and RUACH_LAMBDA_* into the checked part of the settings that says who renders.

The keys for AWS may also come as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. They come from the
environment only and never show in repr, logs or errors.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings


def _from(name: str) -> AliasChoices:
    return AliasChoices(f"RUACH_LAMBDA_{name}", f"AWS_{name}")


class RemotionSettings(BaseSettings):
    """Which runner draws the pictures, and what Remotion needs if it is the one."""

    render_runner: Literal["ffmpeg", "cli", "lambda"] = "ffmpeg"

    remotion_dir: Path | None = None  # the `remotion` folder of the source; unset = beside the installed source
    remotion_browser: Path | None = None
    remotion_node: Path | None = None
    remotion_tabs: int = Field(default=2, ge=1, le=64)

    lambda_region: str | None = None
    lambda_function: str | None = None
    lambda_site: str | None = None
    lambda_bucket: str | None = None
    lambda_access_key_id: SecretStr | None = Field(default=None, validation_alias=_from("ACCESS_KEY_ID"))
    lambda_secret_access_key: SecretStr | None = Field(default=None, validation_alias=_from("SECRET_ACCESS_KEY"))
    lambda_session_token: SecretStr | None = Field(default=None, validation_alias=_from("SESSION_TOKEN"))
    lambda_endpoint: str | None = None  # unset = AWS; an emulator's address for tests
    lambda_s3_endpoint: str | None = None
    lambda_frames: int | None = Field(default=None, ge=4)  # per function; unset = Remotion's own choice
    lambda_patience_s: float = Field(default=900.0, ge=10, le=86_400)
    lambda_disabled: bool = False  # the kill switch: nothing new is rendered
    lambda_monthly_cap_usd: float = Field(default=50.0, ge=0)
    lambda_usd_per_minute: float = Field(default=0.10, ge=0)  # set aside per minute of film until the bill is known

    @field_validator(
        "remotion_dir", "remotion_browser", "remotion_node", "lambda_region", "lambda_function", "lambda_site",
        "lambda_bucket", "lambda_access_key_id", "lambda_secret_access_key", "lambda_session_token", "lambda_endpoint",
        "lambda_s3_endpoint", "lambda_frames", mode="before",
    )  # fmt: skip
    @classmethod
    def _blank_means_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("remotion_dir", "remotion_browser", "remotion_node")
    @classmethod
    def _whole_path(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @model_validator(mode="after")
    def _lambda_is_reachable(self) -> Self:
        if self.render_runner != "lambda":
            return self
        needed = {
            "RUACH_LAMBDA_REGION": self.lambda_region,
            "RUACH_LAMBDA_FUNCTION": self.lambda_function,
            "RUACH_LAMBDA_SITE": self.lambda_site,
            "RUACH_LAMBDA_BUCKET": self.lambda_bucket,
            "RUACH_LAMBDA_ACCESS_KEY_ID": self.lambda_access_key_id,
            "RUACH_LAMBDA_SECRET_ACCESS_KEY": self.lambda_secret_access_key,
        }
        missing = [name for name, value in needed.items() if value is None]
        if missing:
            raise ValueError("RUACH_RENDER_RUNNER is lambda, so it needs " + ", ".join(missing))
        return self
