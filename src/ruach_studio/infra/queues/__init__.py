"""Turn work that must survive a crash into jobs, runs, retries and dead letters."""

from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.policy import QUEUES, QueuePolicy, policy_of
from ruach_studio.infra.queues.port import Counts, Execution, Handler, HandlerHooks, JobContext, JobError, JobQueue
from ruach_studio.infra.queues.progress import follow
from ruach_studio.infra.queues.worker import Worker

__all__ = [
    "QUEUES", "BullmqPostgres", "Counts", "Execution", "Handler", "HandlerHooks", "JobContext", "JobError", "JobQueue",
    "QueuePolicy", "Worker", "follow", "policy_of",
]  # fmt: skip
