"""Turn `ruach ops queues` into the table of the queues, and `ruach ops queues resume` into the operator's word."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.ops_run import As, DryRun, Json, PasswordStdin, Reason, run_command
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.infra.queues.routes import queue_out
from ruach_studio.infra.queues.watch import QueueView, watch

app = typer.Typer(invoke_without_command=True)


@app.callback()
def queues(context: typer.Context, json: Json = False) -> None:
    """Show each queue: depth, backpressure level and since when, what is held, the oldest, the dead."""
    if context.invoked_subcommand is not None:
        return
    settings = local_settings()
    configure(settings)

    async def look() -> list[QueueView]:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await watch(services.database, services.queue)

    found = asyncio.run(look())
    if json:
        show.print_json([queue_out(each).model_dump(mode="json", by_alias=True) for each in found])
        return
    for line in lines_of(found):
        show.line(escape(line))


@app.command()
def resume(
    queue: Annotated[str, typer.Argument(help="The queue, as `ruach ops queues` names it.")], reason: Reason,
    dry_run: DryRun = False, as_email: As = None, password_stdin: PasswordStdin = False, json: Json = False,
) -> None:  # fmt: skip
    """Let a queue's held work go on; nothing else does."""
    run_command(
        "queue.resume", {"queue": queue}, reason=reason, dry_run=dry_run, json=json, as_email=as_email,
        password_stdin=password_stdin,
    )  # fmt: skip


def lines_of(found: Sequence[QueueView]) -> Iterator[str]:
    """Yield the lines of the table."""
    for each in found:
        since = "" if each.level_since is None else f" since {each.level_since:%Y-%m-%d %H:%M} UTC"
        yield (
            f"{each.queue:<18} {each.level:<9} depth {each.depth:<5} active {each.active} of {each.concurrency}"
            f"  oldest {each.oldest_waiting_s:.0f} s  dead {each.dead_letters}{since if each.level != 'normal' else ''}"
        )
        if each.paused_since is not None:
            yield (
                f"    {each.held} held since {each.paused_since:%Y-%m-%d %H:%M} UTC;"
                f" next: ruach ops queues resume {each.queue} --reason …"
            )
