"""Turn `ruach ops formation …` into formation's recovery commands and their confirmation by a second operator."""

from typing import Annotated, Literal

import typer

from ruach_studio.app.cli import ops_show
from ruach_studio.app.cli.ops_run import As, DryRun, Json, PasswordStdin, Reason, Words, reason_of, run_command, run_with
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import Commanding, Outcome
from ruach_studio.infra.commands import confirm as confirm_request
from ruach_studio.kernel.errors import BadInput

app = typer.Typer(no_args_is_help=True)
Enrollment = Annotated[str, typer.Argument(help="The formationEnrollmentId.")]
Strategy = Literal["replay", "reset-score", "unblock"]


@app.callback()
def formation() -> None:
    """Repair or migrate a member's journey, and confirm an unblocking."""


@app.command()
def repair(
    enrollment: Enrollment,
    strategy: Annotated[Strategy, typer.Argument(help="What to do.")],
    words: Words = "",
    reason: Reason = "",
    dry_run: DryRun = False,
    node: Annotated[
        list[str] | None, typer.Option("--node", help="What to unblock (default: what is gated); repeat.")
    ] = None,
    void: Annotated[list[str] | None, typer.Option("--void", help="A bad event for reset-score to void; repeat.")] = None,
    as_email: As = None,
    password_stdin: PasswordStdin = False,
    json: Json = False,
) -> None:
    """Rebuild from events, recalculate the score, or ask for gated nodes to be opened."""
    params = {"enrollmentId": enrollment, "strategy": strategy, "nodeIds": node or None, "voidEventIds": void or None}
    run_command("formation.repair", params, reason=reason_of(words, reason), dry_run=dry_run, json=json, as_email=as_email,
                password_stdin=password_stdin)  # fmt: skip


@app.command()
def migrate(
    enrollment: Enrollment,
    to_version: Annotated[int, typer.Argument(help="The graph version to move to.")],
    words: Words = "",
    reason: Reason = "",
    dry_run: DryRun = False,
    mapped: Annotated[
        list[str] | None,
        typer.Option("--map", help="OLD=NEW or OLD=NEW1,NEW2 for an unmappable node, OLD= to keep it as history; repeat."),
    ] = None,
    as_email: As = None,
    password_stdin: PasswordStdin = False,
    json: Json = False,
) -> None:
    """Move a member to a newer graph version, with all that they have done."""
    params = {"enrollmentId": enrollment, "toGraphVersion": to_version, "mapping": _mapping(mapped or [])}
    run_command("formation.migrate", params, reason=reason_of(words, reason), dry_run=dry_run, json=json, as_email=as_email,
                password_stdin=password_stdin)  # fmt: skip


@app.command()
def confirm(
    confirmation: Annotated[str, typer.Argument(help="The id that the request was given.")],
    as_email: Annotated[str, typer.Option("--as", help="The second operator's email; their password is asked for.")],
    password_stdin: PasswordStdin = False,
    reason: Annotated[str, typer.Option("--reason", help="What the second operator says, if anything.")] = "",
    json: Json = False,
) -> None:
    """Confirm a request as a second operator, who proves by a password to be somebody else."""

    async def work(given: Commanding, who: Principal) -> Outcome:
        return await confirm_request(given, who, confirmation, reason=reason)

    ops_show.outcome(run_with(work, as_email=as_email, password_stdin=password_stdin), json=json)


def _mapping(told: list[str]) -> dict[str, list[str]] | None:
    found: dict[str, list[str]] = {}
    for each in told:
        old, sign, new = each.partition("=")
        if not sign or not old:
            raise BadInput(f"{each!r} names no node", subject="--map", remedy="Write OLD=NEW, OLD=NEW1,NEW2 or OLD=.")
        found[old] = [name for name in new.split(",") if name]
    return found or None
