"""Turn the environment into the settings of a person at their own machine."""

from pathlib import Path

from ruach_studio.infra.settings import Settings, load_settings
from ruach_studio.infra.settings_pillars import PILLARS


def local_settings() -> Settings:
    """Return the settings of a person at their own machine, who may name any file.

    Log lines below warnings keep away from the progress bars. What the environment says goes before both; only which
    pillars a service runs does not concern a command, which works on all of them.
    """
    told = load_settings().model_fields_set
    usual = {"log_level": "WARNING", "media_roots": [Path("/")]}
    return load_settings(**{name: value for name, value in usual.items() if name not in told}, pillars=PILLARS)
