"""Turn journals into states once more, one member's or everybody's, and say whether what is stored agrees."""

import asyncio
import time
from datetime import datetime
from typing import Annotated, Any

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.formation.usecases.find_enrollments import find_enrollments
from ruach_studio.formation.usecases.open_node import NotEnrolled
from ruach_studio.formation.usecases.read_state import moment_of
from ruach_studio.formation.usecases.replay_formation_events import replay_formation_events
from ruach_studio.formation.usecases.replay_journals import WRONG, BulkReplay, replay_journals
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.kernel.errors import BadInput, RuachError

REMEDY = "ruach ops formation repair ENROLLMENT replay --reason …"


class ProjectionsDiffer(RuachError):
    """What is stored is not what the journals say."""

    code = "projections_differ"


def register(app: typer.Typer) -> None:
    """Add `replay` to `ruach formation`."""
    app.command("replay")(replay)


def replay(
    user: Annotated[str | None, typer.Option("--user", help="The member's email.")] = None,
    enrollment: Annotated[str | None, typer.Option("--enrollment", help="An enrollment's id.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every enrollment there is.")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", help="A date (its end, UTC) or a time with its offset.")] = None,
    processes: Annotated[int, typer.Option("--processes", min=1, max=64, help="For --all.")] = 2,
    json: Json = False,
) -> None:
    """Replay journals from their first event and compare the digest with the projection; exit 1 if any differs."""
    if [user is not None, enrollment is not None, everybody].count(True) != 1:
        raise BadInput("name one member, one enrollment, or all", subject="replay",
                       remedy="Give --user, --enrollment or --all.")  # fmt: skip
    moment = None if as_of is None else moment_of(as_of, "UTC")
    settings = local_settings()
    configure(settings)

    async def run() -> dict[str, Any]:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                if everybody:
                    return await _all(services, processes, moment)
                return await _one(services, user, enrollment, moment)

    found = asyncio.run(run())
    if json:
        show.print_json(found)
    else:
        for line in found.pop("lines"):
            show.line(line)
    if found["wrong"]:
        raise ProjectionsDiffer(f"{found['wrong']} of {found['enrollments']} enrollments", subject="replay", remedy=REMEDY)


async def _one(services: Services, user: str | None, enrollment: str | None, as_of: datetime | None) -> dict[str, Any]:
    own = await find_enrollments(services, email=user, enrollment_id=enrollment)
    if not own:
        raise NotEnrolled("they are on no path", subject=user or "", remedy="ruach formation enroll")
    done = [
        each
        for each in await replay_formation_events(services, own[0].enrollment.user_id, as_of=as_of)
        if enrollment in (None, each.enrollment_id)
    ]
    rows = [
        {"formationEnrollmentId": each.enrollment_id, "pathId": each.path_id, "journalVersion": each.state.journal_version,
         "digest": each.digest, "projection": each.verdict}
        for each in done
    ]  # fmt: skip
    lines = [
        f"{row['formationEnrollmentId']} on {row['pathId']}: {row['journalVersion']} events, digest {row['digest']};"
        f" projection: {row['projection']}"
        for row in rows
    ]
    wrong = sum(each.verdict in WRONG for each in done)
    return {"enrollments": len(done), "wrong": wrong, "replayed": rows, "lines": lines}


async def _all(services: Services, processes: int, as_of: datetime | None) -> dict[str, Any]:
    begun = time.perf_counter()
    done: BulkReplay = await replay_journals(services.database, processes=processes, as_of=as_of)
    seconds = time.perf_counter() - begun
    wrong = sum(count for verdict, count in done.verdicts.items() if verdict in WRONG)
    worth = ", ".join(f"{count} {verdict}" for verdict, count in done.verdicts.items()) or "none"
    lines = [
        f"{done.events:,} events of {done.enrollments:,} enrollments in {seconds:.1f} s on {processes} processes:"
        f" {done.events / seconds:,.0f} events a second",
        f"digest of all {done.digest}; projections: {worth}",
        *(f"  {each.enrollment_id} event {each.journal_version}: {each.verdict}" for each in done.differing),
    ]
    rows = [{"formationEnrollmentId": each.enrollment_id, "verdict": each.verdict} for each in done.differing]
    return {
        "enrollments": done.enrollments, "events": done.events, "seconds": round(seconds, 3), "digest": done.digest,
        "projections": done.verdicts, "wrong": wrong, "differing": rows, "lines": lines,
    }  # fmt: skip
