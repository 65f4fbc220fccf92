"""Turn a request into the mechanisms that every route may need: one value on `app.state.platform`."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from ruach_studio.infra.db import Database
from ruach_studio.infra.settings import Settings
from ruach_studio.infra.storage.port import ObjectStore
from ruach_studio.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Platform:
    """What the composition root made once and every route shares."""

    database: Database
    settings: Settings
    store: ObjectStore
    clock: Clock


def platform_of(connection: HTTPConnection) -> Platform:
    """Return the platform of the application that received this request; usable as a FastAPI dependency in code."""
    platform = connection.app.state.platform
    if not isinstance(platform, Platform):
        raise TypeError("app.state.platform is not set; make the application with infra.http.application.new_api")
    return platform
