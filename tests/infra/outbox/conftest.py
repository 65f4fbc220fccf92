"""Give outbox tests two kinds of events and a bound request."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import pytest

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.outbox import publish


@dataclass(frozen=True)
class Bell:
    """A bell rang."""

    event_type: ClassVar[str] = "bell.rang"
    version: ClassVar[int] = 1
    number: int

    def payload(self):
        return {"number": self.number}


class Gong(Bell):
    event_type: ClassVar[str] = "gong.rang"


@pytest.fixture
def events():
    return SimpleNamespace(Bell=Bell, Gong=Gong)


@pytest.fixture
def request_ids():
    with bind(correlation_id=new_id(), automation_id=new_id()) as ids:
        yield ids


@pytest.fixture
def ring(database):
    async def ringing(*numbers):
        async with database.transaction() as tx:
            return [await publish(tx, Bell(number)) for number in numbers]

    return ringing
