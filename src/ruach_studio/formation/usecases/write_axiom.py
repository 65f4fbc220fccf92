"""Turn an operator's words into an axiom of the canon, new or rewritten.

An axiom is never taken away: nodes and journals name it. What a rewritten one means for a published graph is looked at when
the next version is saved.
"""

from ruach_studio.formation.axioms import Axiom, checked_axiom
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import axioms
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import Malformed
from ruach_studio.kernel.hashing import inputs_hash


async def write_axiom(services: FormationServices, axiom: Axiom, *, actor: str, reason: str) -> bool:
    """Write an axiom; say whether it is new. The same words again change nothing. Raises BadInput, Malformed (no reason)."""
    if not reason.strip():
        raise Malformed("a change of the canon needs a reason", subject="reason", remedy="Say why.")
    async with services.database.transaction() as tx:
        known = await axioms.canon_locked(tx)
        checked_axiom(axiom, known)
        before = known.get(axiom.axiom_id)
        if before == axiom:
            return False
        await axioms.put(tx, axiom, actor=actor, at=services.clock.now())
        await record_transition(
            tx, entity="formation-axiom", entity_id=axiom.axiom_id,
            from_state=None if before is None else f"sha256:{inputs_hash(before)}", to_state=f"sha256:{inputs_hash(axiom)}",
            actor=actor, reason=reason,
        )  # fmt: skip
        return before is None
