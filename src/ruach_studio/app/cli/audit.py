"""Turn the stored decisions into a proof that they hold: chains unbroken, every decision the same when decided again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.trace import find_scope
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.assembly.usecases.recompute_decisions import recompute_decisions as angles_again
from ruach_studio.formation.usecases.recompute_decisions import decides as journey_decides
from ruach_studio.formation.usecases.recompute_decisions import recompute_decisions as journeys_again
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
    """How many decisions were looked at, every fault found, and per reason how many could not be decided again."""

    decisions: int
    faults: tuple[str, ...]
    not_again: Mapping[str, int] = field(default_factory=dict)


@app.callback()
def audit() -> None:
    """Prove that stored decisions hold."""


@app.command()
def verify(
    asked: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only the decisions of this session, automation, request or job.")
    ] = None,
    json: Json = False,
) -> None:
    """Check the chains, and decide every stored decision again from its stored inputs; exit 1 on any mismatch."""
    settings = local_settings()
    configure(settings)

    async def work() -> Report:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await verified(services, asked)

    report = asyncio.run(work())
    if json:
        told = {"decisions": report.decisions, "faults": list(report.faults), "notDecidedAgain": dict(report.not_again)}
        show.print_json(told)
    else:
        again = report.decisions - sum(report.not_again.values())
        show.line(f"{again} decisions decided again; {len(report.faults)} faults")
        for reason, number in report.not_again.items():
            show.line(f"{number} not decided again, {reason}")
        for fault in report.faults:
            show.line(fault)
    if report.faults:
        raise AuditBroken(
            f"{len(report.faults)} faults", subject="audit", remedy="Compare with a backup; do not go on with it."
        )


async def verified(services: Services, asked: str | None = None) -> Report:
    """Return what the audit's proof found. The chains are always checked whole; `asked` names whose decisions to repeat."""
    requests: Sequence[str | None] = [None] if asked is None else sorted((await find_scope(services, asked)).correlations)
    async with services.database.connection() as conn:
        faults = [f"{fault.chain} row {fault.seq}: {fault.fact}" for fault in await verify_chain(conn)]
    count = 0
    not_again: Counter[str] = Counter()
    async for page in _pages(services, requests):
        count += len(page)
        results: list[dict[str, Any]] = [row["result"] for row in page]
        angles = [result for result in results if result["rulesVersion"].startswith(("angle-", "transcript-"))]
        journeys = [result for result in results if journey_decides(result["rulesVersion"])]
        standings = [result for result in results if result["rulesVersion"].startswith("entitlements-")]
        walked = await journeys_again(services, journeys)
        faults += [*await angles_again(services, angles), *walked.faults]
        not_again.update(walked.not_again)
        faults += await entitlements_again(services, standings)
        seen = {id(each) for each in (*angles, *journeys, *standings)}
        faults += await renders_again(services, [result for result in results if id(result) not in seen])
    return Report(count, tuple(faults), dict(not_again))


async def _pages(services: Services, requests: Sequence[str | None]) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the decisions of these requests (None: of all), newest first, page by page."""
    for correlation_id in requests:
        before = None
        while True:
            async with services.database.connection() as conn:
                page = await list_decisions(conn, correlation_id=correlation_id, limit=PAGE, before_seq=before)
            if not page:
                break
            before = page[-1]["seq"]
            yield page
