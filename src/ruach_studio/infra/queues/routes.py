"""Turn HTTP into a look at the queues. Resuming one is the recovery command `queue.resume`, as every operator's act."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.pressure import Level
from ruach_studio.infra.queues.watch import QueueView, watch
from ruach_studio.infra.routes import Routes

Reader = Annotated[Principal, Depends(require("operator", scope="ops:read"))]


class QueueOut(BaseModel):
    """A queue now; `held` jobs wait until an operator runs `queue.resume`. `oldestWaitingS` counts due jobs only."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    queue: str
    pillar: str
    depth: int
    level: Level
    level_since: datetime | None
    paused_since: datetime | None
    held: int
    waiting: int
    prioritized: int
    delayed: int
    paused: int
    active: int
    dead_letters: int
    oldest_waiting_s: float
    concurrency: int


def queue_out(view: QueueView) -> QueueOut:
    """Return the wire form of a queue."""
    return QueueOut(**{name: getattr(view, name) for name in QueueOut.model_fields})


def router(database: Database, queue: BullmqPostgres) -> Routes:
    """Return GET /ops/queues."""
    ops = Routes(prefix="/ops", tags=["operations"])

    @ops.get("/queues", summary="The queues: depth, backpressure level, what is held")
    async def queues(_: Reader) -> list[QueueOut]:
        return [queue_out(each) for each in await watch(database, queue)]

    return ops
