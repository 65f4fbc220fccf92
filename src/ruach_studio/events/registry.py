"""The one list of integration events: what may travel on the bus, and in which version."""

from ruach_studio.events.assembly import EdlDraftCreated, EdlLocked
from ruach_studio.events.derivative import (
    DerivativeBegun,
    DerivativeFailed,
    DerivativeMade,
    DerivativesRequested,
    DerivativeWithdrawn,
)
from ruach_studio.events.envelope import Event
from ruach_studio.events.formation import FormationGated, FormationGhostState, FormationUnlocked
from ruach_studio.events.membership import MembershipEntitlementChanged
from ruach_studio.events.ops import (
    BackpressureDegraded,
    BackpressureNormal,
    BackpressureShedding,
    BackpressureWarning,
    DeadLettered,
    QueueResumed,
)
from ruach_studio.events.render import RenderCompleted, RenderFailed

EVENTS: dict[str, type[Event]] = {
    kind.event_type: kind
    for kind in (
        EdlDraftCreated, EdlLocked, RenderCompleted, RenderFailed,
        DerivativesRequested, DerivativeWithdrawn, DerivativeBegun, DerivativeMade, DerivativeFailed,
        FormationGated, FormationUnlocked, FormationGhostState, MembershipEntitlementChanged,
        BackpressureWarning, BackpressureDegraded, BackpressureShedding, BackpressureNormal, QueueResumed, DeadLettered,
    )
}  # fmt: skip

# What an operator's event stream shows: not each member's gates nor each proxy, but everything that may need a hand.
OPERATOR_EVENTS: frozenset[str] = frozenset(
    kind.event_type
    for kind in (
        EdlDraftCreated, EdlLocked, RenderCompleted, RenderFailed, FormationGhostState, BackpressureWarning,
        BackpressureDegraded, BackpressureShedding, BackpressureNormal, QueueResumed, DeadLettered,
    )
)  # fmt: skip
