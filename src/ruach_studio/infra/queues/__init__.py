"""Turn work that must survive a crash into jobs, runs, retries and dead letters."""

from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres, JobNotFound, NotDead
from ruach_studio.infra.queues.bullmq_redis import BullmqRedis
from ruach_studio.infra.queues.policy import QUEUES, QueuePolicy, UnknownQueue, policy_of
from ruach_studio.infra.queues.port import Counts, Execution, Handler, HandlerHooks, JobContext, JobError, JobQueue
from ruach_studio.infra.queues.progress import follow
from ruach_studio.infra.queues.store.dead_letters import get_dead_letter, list_dead_letters, open_about
from ruach_studio.infra.queues.store.executions import chain_of
from ruach_studio.infra.queues.store.executions import get as get_execution
from ruach_studio.infra.queues.store.overview import (
    list_executions,
    list_of_session,
    oldest_waiting_s,
    open_payloads,
    states_of,
    successor_of,
)
from ruach_studio.infra.queues.store.pressure import held_among
from ruach_studio.infra.queues.worker import Worker

__all__ = [
    "QUEUES", "BullmqPostgres", "BullmqRedis", "Counts", "Execution", "Handler", "HandlerHooks", "JobContext", "JobError",
    "JobNotFound", "JobQueue", "NotDead", "QueuePolicy", "UnknownQueue", "Worker", "chain_of", "follow",
    "get_dead_letter", "get_execution", "held_among", "list_dead_letters", "list_executions", "list_of_session",
    "oldest_waiting_s", "open_about", "open_payloads", "policy_of", "states_of", "successor_of",
]  # fmt: skip
