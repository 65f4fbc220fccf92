"""Turn an event written in a transaction into its effect, exactly once, in every consumer."""

from ruach_studio.infra.outbox.parked import NotParked, redeliver
from ruach_studio.infra.outbox.prune import keep_pruned, prune
from ruach_studio.infra.outbox.publish import publish
from ruach_studio.infra.outbox.relay import Consumer, Relay
from ruach_studio.infra.outbox.store import is_on_its_way, lag

__all__ = ["Consumer", "NotParked", "Relay", "is_on_its_way", "keep_pruned", "lag", "prune", "publish", "redeliver"]
