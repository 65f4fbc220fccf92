"""Turn stored angle decisions into a list of those that the rules, run again on the stored inputs, do not make.

A decision holds if the plan made again has a shot with the same camera, reasons, confidence and hash.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ruach_studio.assembly.angles import AnglePlan, select_again
from ruach_studio.assembly.angles_transcript import RULES_VERSION as TRANSCRIPT_RULES
from ruach_studio.assembly.angles_transcript import plan_by_transcript_again
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import syncs
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.infra.audit import stored_inputs
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import RuachError


async def recompute_decisions(services: AssemblyServices, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one sentence per `DecisionResult` (wire form) that does not hold; an empty list means all do."""
    plans: dict[str, AnglePlan | str] = {}
    faults = []
    for result in results:
        digest = result["inputsHash"]
        if digest not in plans:
            plans[digest] = await _plan_again(services, digest)
        plan = plans[digest]
        if isinstance(plan, str):
            faults.append(f"{result['decision']}: {plan}")
        elif not any(_same(result, shot.verdict) for shot in plan.shots):
            faults.append(f"{result['decision']}: the rule does not say this ({'; '.join(result['reasons'])})")
    return faults


async def _plan_again(services: AssemblyServices, inputs_hash: str) -> AnglePlan | str:
    async with services.database.connection() as conn:
        inputs = await stored_inputs(conn, inputs_hash)
        if inputs is not None and inputs["rulesVersion"] == TRANSCRIPT_RULES:
            return await in_long_thread(plan_by_transcript_again, inputs)
        row = None if inputs is None else await syncs.energy_of(conn, inputs["energy"]["sha256"])
    if row is None:
        return f"its inputs or its energy ({inputs_hash[:12]}) are not stored"
    try:
        matrix = await asyncio.to_thread(energy_files.load, services.settings.data_dir, row)
        return await in_long_thread(select_again, inputs, matrix)
    except RuachError as error:
        return str(error)


def _same(result: Mapping[str, Any], verdict: Any) -> bool:
    return (
        result["decision"] == verdict.decision
        and list(result["reasons"]) == list(verdict.reasons)
        and result["inputsHash"] == verdict.inputs_hash
        and result["rulesVersion"] == verdict.rules_version
        and result.get("confidence") == verdict.confidence
    )
