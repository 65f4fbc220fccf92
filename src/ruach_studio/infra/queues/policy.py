"""Turn a queue's name into its facts: pillar, dead-letter queue, retry ladder, concurrency, lock.

This is the specification's queue table and nothing else may restate it. A ladder of n delays means the first run plus
n retries (decision P4): `render-jobs` runs at most four times, 5, 30 and 120 s apart, and then lands in its DLQ.
"""

from dataclasses import dataclass

from ruach_studio.kernel.errors import NotFound


class UnknownQueue(NotFound):
    """There is no such queue."""

    code = "unknown_queue"


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """One queue. `concurrency` holds over all worker processes together. Times are seconds."""

    name: str
    pillar: str
    dlq: str
    ladder_s: tuple[float, ...]
    concurrency: int
    lock_s: float = 30.0
    stalled_check_s: float = 5.0
    max_stalls: int = 3
    carries_render_job_id: bool = False

    def delay_after(self, attempt: int) -> float | None:
        """Return the seconds to wait after failed `attempt` (1 = the first run); None once the ladder is exhausted."""
        return self.ladder_s[attempt - 1] if 1 <= attempt <= len(self.ladder_s) else None


QUEUES: tuple[QueuePolicy, ...] = (
    QueuePolicy("assembly-jobs", "assembly", "assembly-jobs-dlq", (1, 4, 16), concurrency=2),
    QueuePolicy("render-jobs", "render", "render-jobs-dlq", (5, 30, 120), concurrency=3, carries_render_job_id=True),
    QueuePolicy("media-transcoding", "render", "media-transcoding-dlq", (10, 30), concurrency=2),
    QueuePolicy("formation-state", "formation", "formation-state-dlq", (1, 2, 4, 8, 16), concurrency=10),
)


def policy_of(queue: str, policies: tuple[QueuePolicy, ...] = QUEUES) -> QueuePolicy:
    """Return the row of `queue`, or raise UnknownQueue."""
    for policy in policies:
        if policy.name == queue:
            return policy
    raise UnknownQueue(subject=queue, remedy="The queues are " + ", ".join(p.name for p in policies) + ".")
