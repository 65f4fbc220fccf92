"""Turn an event written in a transaction into its effect, exactly once, in every consumer."""

from ruach_studio.infra.outbox.publish import publish
from ruach_studio.infra.outbox.relay import Consumer, Relay

__all__ = ["Consumer", "Relay", "publish"]
