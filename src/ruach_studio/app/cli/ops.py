"""Turn `ruach ops …` into the recovery commands of the registry: the same ones that the API lists and runs."""

from typing import Annotated, Any

import typer

from ruach_studio.app.cli import ops_dlq, ops_formation, ops_media, ops_queues, ops_show
from ruach_studio.app.cli.ops_run import As, Json, PasswordStdin, Reason, Words, reason_of, run_with
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import Command, Commanding, Confirmation, list_confirmations, reject

app = typer.Typer(no_args_is_help=True)
app.add_typer(ops_formation.app, name="formation", help="Repair or migrate a member's journey, and confirm an unblocking.")
app.add_typer(ops_media.render, name="render", help="Retry, resume or cancel renders.")
app.add_typer(ops_queues.app, name="queues", help="Show the queues; resume what backpressure holds.")
app.add_typer(ops_dlq.app, name="dlq", help="The dead letters: what died, why, and the way back.")
app.add_typer(ops_media.assembly, name="assembly", help="Make a stretch of an EDL anew.")


@app.callback()
def ops() -> None:
    """The recovery commands, each with a reason, all audited."""


@app.command()
def commands(json: Json = False) -> None:
    """List the recovery commands: these are the only ones."""

    async def work(given: Commanding, _who: Principal) -> list[Command[Any]]:
        return given.registry.every()

    ops_show.commands(run_with(work), json=json)


@app.command()
def confirmations(
    json: Json = False,
    every: Annotated[bool, typer.Option("--all", help="Also those that were decided.")] = False,
) -> None:
    """List what waits for a second operator."""

    async def work(given: Commanding, _who: Principal) -> list[Confirmation]:
        return await list_confirmations(given, state=None if every else "pending")

    ops_show.confirmations(run_with(work), json=json)


@app.command("reject")
def reject_(
    confirmation: Annotated[str, typer.Argument(help="The id that the request was given.")],
    words: Words = "", reason: Reason = "",
    as_email: As = None, password_stdin: PasswordStdin = False, json: Json = False,
) -> None:  # fmt: skip
    """Reject a request that waits, or take it back."""

    async def work(given: Commanding, who: Principal) -> list[Confirmation]:
        return [await reject(given, who, confirmation, reason=reason_of(words, reason))]

    ops_show.confirmations(run_with(work, as_email=as_email, password_stdin=password_stdin), json=json)
