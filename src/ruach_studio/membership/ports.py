"""What membership's use cases are given by the composition root. Nothing here is remote: Stripe calls us."""

from typing import Protocol

from ruach_studio.infra.db import Database
from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.clock import Clock


class MembershipServices(Protocol):
    """The part of the application's services that membership needs."""

    @property
    def settings(self) -> Settings: ...

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...
