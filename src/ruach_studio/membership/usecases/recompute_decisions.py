"""Turn stored membership decisions into a list of those that the rule, run again on the stored inputs, does not make."""

from collections.abc import Mapping, Sequence
from typing import Any

from ruach_studio.infra.audit import stored_inputs
from ruach_studio.membership.entitlements import decide_again
from ruach_studio.membership.ports import MembershipServices


async def recompute_decisions(services: MembershipServices, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one sentence per `DecisionResult` (wire form, rulesVersion entitlements-v1) that does not hold."""
    faults = []
    for result in results:
        digest = str(result["inputsHash"])
        async with services.database.connection() as conn:
            inputs = await stored_inputs(conn, digest)
        if inputs is None:
            faults.append(f"{result['decision']}: its inputs ({digest[:12]}) are not stored")
            continue
        verdict = decide_again(inputs).verdict
        told = (result["decision"], tuple(result["reasons"]), digest)
        if told != (verdict.decision, verdict.reasons, verdict.inputs_hash):
            faults.append(f"{result['decision']}: the rule does not say this ({'; '.join(result['reasons'])})")
    return faults
