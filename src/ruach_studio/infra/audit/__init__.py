"""Turn decisions and changes of state into rows that nobody can alter unnoticed."""

from ruach_studio.infra.audit.record import DecisionEntry, InputsDiffer, record_decision, record_decisions, record_transition
from ruach_studio.infra.audit.store import list_decisions, list_transitions, stored_inputs
from ruach_studio.infra.audit.verify import AuditFault, verify_chain

__all__ = [
    "AuditFault", "DecisionEntry", "InputsDiffer", "list_decisions", "list_transitions", "record_decision",
    "record_decisions", "record_transition", "stored_inputs", "verify_chain",
]  # fmt: skip
