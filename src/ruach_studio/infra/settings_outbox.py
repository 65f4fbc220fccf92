"""Turn RUACH_OUTBOX_* into the checked part of the settings that says how long events are kept."""

from pydantic import Field
from pydantic_settings import BaseSettings


class OutboxSettings(BaseSettings):
    """How long an event that everybody has heard stays whole: a new consumer hears this much of the past."""

    outbox_keep_days: int = Field(default=30, ge=1, le=3650)
