"""Turn a member's email into what a person reads at a terminal: state, score, next step, path; reasons as lines."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.formation.entrypoints import wire_read, wire_state
from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.graph import PHASES
from ruach_studio.formation.usecases.compute_score import compute_score
from ruach_studio.formation.usecases.find_enrollments import find_enrollments
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.open_node import NotEnrolled
from ruach_studio.formation.usecases.read_path import read_path
from ruach_studio.formation.usecases.read_state import read_state
from ruach_studio.formation.usecases.recommend_next_steps import recommend_next_steps
from ruach_studio.infra.auth.accounts import account_of
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.kernel.errors import BadInput

T = TypeVar("T")
User = Annotated[str, typer.Option("--user", help="The member's email.")]
PathId = Annotated[str, typer.Option("--path", help="The path.")]
MARKS = {"done": "x", "started": ">", "open": " ", "locked": "-"}


def register(app: typer.Typer) -> None:
    """Add the reading commands to `ruach formation`."""
    app.command("state")(state)
    app.command("score")(score)
    app.command("next-step")(next_step)
    app.command("path")(path)


def state(
    user: User, path_id: PathId = DEFAULT_PATH, json: Json = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="A date (its end, in the member's zone) or a time with its offset.")
    ] = None,
) -> None:  # fmt: skip
    """Show where a member stands, today or as of any date: exactly what the journal said then."""

    async def work(services: Services, user_id: str) -> wire_state.StateOut:
        own = await find_enrollments(services, user_id=user_id, path_id=path_id, limit=1)
        if not own:
            raise NotEnrolled(f"they are not on the path {path_id}", subject=user, remedy="ruach formation enroll")
        return wire_state.state_out(await read_state(services, own[0].enrollment.enrollment_id, as_of=as_of))

    found = answer_for(user, work)
    if json:
        _print(found)
        return
    show.line(f"[bold]{escape(user)}[/] on {found.path_id}, version {found.graph_version}, as of {found.as_of}")
    if found.current_phase:
        show.line(f"In {found.current_phase} for {found.days_in_phase} days; covenant {found.covenant_type}")
    else:
        show.line("No phase has begun.")
    counts = {
        "sections completed": found.sections_completed, "checkpoints passed": found.checkpoints_completed,
        "reflections written": found.reflections_submitted, "steps unlocked": found.unlocked,
        "phases completed": found.phases_completed,
    }  # fmt: skip
    show.line("; ".join(f"{len(each)} {what}" for what, each in counts.items()))
    ready = found.readiness
    show.line(f"Readiness {found.readiness_level}")
    for name, level in (("reflection depth", ready.reflection_depth), ("canon engagement", ready.canon_engagement),
                        ("pace", ready.pace_level)):  # fmt: skip
        show.line(f"  {name} {level.level}: {'; '.join(level.reasons)}")
    for flag in ready.red_flags:
        show.line(f"  red flag: {flag}")
    show.line(f"Event {found.journal_version} of the journal; digest {found.digest[:16]}")


def score(
    user: User, path_id: PathId = DEFAULT_PATH, json: Json = False,
    phase: Annotated[str | None, typer.Option("--phase", help=f"One of {', '.join(PHASES)} (default: all).")] = None,
    node: Annotated[str | None, typer.Option("--node", help="Measure against this node's gate.")] = None,
) -> None:  # fmt: skip
    """Show the score of one phase or of all, with its five factors: progress evidence, no grade of a person."""
    wanted = next((each for each in PHASES if each == phase), None)
    if phase is not None and wanted is None:
        raise BadInput(f"there is no phase {phase!r}", subject="--phase", remedy=f"Name one of {', '.join(PHASES)}.")

    async def work(services: Services, user_id: str) -> list[wire_read.ScoreOut]:
        found = await compute_score(services, user_id, path_id=path_id, phase=wanted, node_id=node)
        return [wire_read.score_out(*each) for each in found]

    found = answer_for(user, work)
    if json:
        show.print_json([each.model_dump(by_alias=True) for each in found])
        return
    for each in found:
        show.line(f"[bold]{each.phase}[/] {each.score:.4f}" + (f" ({each.decision})" if node else ""))
        for reason in each.reasons:
            show.line(f"  {escape(reason)}")


def next_step(user: User, path_id: PathId = DEFAULT_PATH, json: Json = False) -> None:
    """Show the three nodes to do next, each with its reasons."""

    async def work(services: Services, user_id: str) -> wire_read.NextStepOut:
        return wire_read.next_step_out(await recommend_next_steps(services, user_id, path_id=path_id))

    found = answer_for(user, work)
    if json:
        _print(found)
        return
    for number, step in enumerate(found.steps, 1):
        kind = f" ({step.kind}, {step.phase})" if step.kind else ""
        show.line(f"{number}. [bold]{escape(step.title)}[/]{kind}: {step.offer.replace('_', ' ')}")
        for reason in step.reasons:
            show.line(f"     {escape(reason)}")
    done = found.steps[0].progress
    if done is not None and found.formation_enrollment_id:
        show.line(f"{done.path_done} of {done.path_of} steps of the path are done")


def path(user: User, path_id: PathId = DEFAULT_PATH, json: Json = False) -> None:
    """Show the whole path in its order; x is done, > begun, - locked (and why), a blank open."""

    async def work(services: Services, user_id: str) -> wire_read.PathOut:
        return wire_read.path_out(await read_path(services, user_id, path_id=path_id))

    found = answer_for(user, work)
    if json:
        _print(found)
        return
    progress = {each.phase: each for each in found.progress}
    last = None
    for node in found.nodes:
        if node.phase != last:
            done = progress.get(node.phase)
            show.line(f"[bold]{node.phase}[/]" + (f" {done.phase_done} of {done.phase_of}" if done else ""))
            last = node.phase
        why = f" ({escape('; '.join(node.lacks))})" if node.lacks else ""
        show.line(escape(f"  [{MARKS[node.state]}] {node.title}") + why)


def answer_for(email: str, work: Callable[[Services, str], Awaitable[T]]) -> T:
    """Open the services as the local operator, find the account and do the work about it."""
    settings = local_settings()
    configure(settings)

    async def run() -> T:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                async with services.database.connection() as conn:
                    account = await account_of(conn, email)
                return await work(services, account.account_id)

    return asyncio.run(run())


def _print(found: Wire) -> None:
    show.print_json(found.model_dump(by_alias=True))
