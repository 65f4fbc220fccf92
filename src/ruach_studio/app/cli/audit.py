"""Turn the stored decisions into a proof that they hold: chains unbroken, every decision the same when decided again."""

import asyncio
from dataclasses import dataclass
from typing import Any

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.run import local_settings
from ruach_studio.app.cli.steps import Json
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.assembly.usecases.recompute_decisions import recompute_decisions as angles_again
from ruach_studio.infra.audit import list_decisions, verify_chain
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.kernel.errors import RuachError
from ruach_studio.membership.usecases.recompute_decisions import recompute_decisions as entitlements_again
from ruach_studio.render.usecases.recompute_decisions import recompute_decisions as renders_again

app = typer.Typer(no_args_is_help=True)
PAGE = 500


class AuditBroken(RuachError):
    """The audit does not hold."""

    code = "audit_broken"


@dataclass(frozen=True, slots=True)
class Report:
    """How many decisions were decided again, and every fault found."""

    decisions: int
    faults: tuple[str, ...]


@app.callback()
def audit() -> None:
    """Prove that stored decisions hold."""


@app.command()
def verify(json: Json = False) -> None:
    """Check the chains, and decide every stored decision again from its stored inputs; exit 1 on any mismatch."""
    settings = local_settings()
    configure(settings)

    async def work() -> Report:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await verified(services)

    report = asyncio.run(work())
    if json:
        show.print_json({"decisions": report.decisions, "faults": list(report.faults)})
    else:
        show.line(f"{report.decisions} decisions decided again; {len(report.faults)} faults")
        for fault in report.faults:
            show.line(fault)
    if report.faults:
        raise AuditBroken(
            f"{len(report.faults)} faults", subject="audit", remedy="Compare with a backup; do not go on with it."
        )


async def verified(services: Services) -> Report:
    """Return what the audit's proof found."""
    async with services.database.connection() as conn:
        faults = [f"{fault.chain} row {fault.seq}: {fault.fact}" for fault in await verify_chain(conn)]
    count, before = 0, None
    while True:
        async with services.database.connection() as conn:
            page = await list_decisions(conn, limit=PAGE, before_seq=before)
        if not page:
            return Report(count, tuple(faults))
        count, before = count + len(page), page[-1]["seq"]
        results: list[dict[str, Any]] = [row["result"] for row in page]
        angles = [result for result in results if result["rulesVersion"].startswith("angle-")]
        standings = [result for result in results if result["rulesVersion"].startswith("entitlements-")]
        faults += await angles_again(services, angles)
        faults += await entitlements_again(services, standings)
        faults += await renders_again(services, [result for result in results if result not in angles + standings])
