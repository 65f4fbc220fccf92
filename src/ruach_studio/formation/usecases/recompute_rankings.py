"""Turn stored search rankings into a list of those that retrieval-v1, run again on the stored inputs, does not make."""

from collections.abc import Mapping, Sequence
from typing import Any

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.retrieval import decide
from ruach_studio.infra.audit import stored_inputs


async def recompute_rankings(services: FormationServices, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one sentence per `DecisionResult` (wire form, rulesVersion retrieval-v1) that does not hold; [] if all do."""
    faults: list[str] = []
    for result in results:
        digest = str(result["inputsHash"])
        async with services.database.connection() as conn:
            inputs = await stored_inputs(conn, digest)
        if inputs is None:
            faults.append(f"{result['decision']}: its inputs ({digest[:12]}) are not stored")
            continue
        _, verdict = decide(inputs)
        again = (verdict.decision, list(verdict.reasons), verdict.inputs_hash)
        if again != (result["decision"], list(result["reasons"]), digest):
            faults.append(f"{result['decision']}: the rule does not say this ({'; '.join(result['reasons'])})")
    return faults
