"""Turn `ruach ops render …` and `ruach ops assembly …` into the recovery commands of those pillars."""

from typing import Annotated, Literal

import typer

from ruach_studio.app.cli.ops_run import As, DryRun, Json, PasswordStdin, Reason, Words, reason_of, run_command

render = typer.Typer(no_args_is_help=True)
assembly = typer.Typer(no_args_is_help=True)
Step = Literal["preflight", "render", "normalize", "upload"]
Session = Annotated[str, typer.Argument(help="The session.")]


@render.callback()
def _render() -> None:
    """Retry, resume or cancel renders."""


@assembly.callback()
def _assembly() -> None:
    """Make a stretch of an EDL anew."""


@render.command()
def retry(
    job: Annotated[str, typer.Argument(help="The renderJobId of a dead or cancelled job.")],
    words: Words = "", reason: Reason = "",
    dry_run: DryRun = False, as_email: As = None, password_stdin: PasswordStdin = False, json: Json = False,
) -> None:  # fmt: skip
    """Start a dead job anew: another id, the same automation."""
    run_command("render.retry", {"renderJobId": job}, reason=reason_of(words, reason), dry_run=dry_run,
                json=json, as_email=as_email, password_stdin=password_stdin)  # fmt: skip


@render.command()
def resume(
    session: Session, step: Annotated[Step, typer.Argument(help="Where to go on.")],
    words: Words = "", reason: Reason = "",
    dry_run: DryRun = False, as_email: As = None, password_stdin: PasswordStdin = False, json: Json = False,
) -> None:  # fmt: skip
    """Go on with a session's stopped renders from a step; what came before is kept."""
    run_command("render.resume", {"sessionId": session, "step": step}, reason=reason_of(words, reason), dry_run=dry_run,
                json=json, as_email=as_email, password_stdin=password_stdin)  # fmt: skip


@render.command("cancel-all")
def cancel_all(
    automation: Annotated[str, typer.Argument(help="The automationId of the batch.")],
    words: Words = "", reason: Reason = "",
    dry_run: DryRun = False, as_email: As = None, password_stdin: PasswordStdin = False, json: Json = False,
) -> None:  # fmt: skip
    """Cancel every job of a batch that has not ended."""
    run_command("render.cancelAll", {"automationId": automation}, reason=reason_of(words, reason), dry_run=dry_run,
                json=json, as_email=as_email, password_stdin=password_stdin)  # fmt: skip


@assembly.command()
def replay(
    session: Session,
    from_offset: Annotated[float, typer.Argument(help="Start, in milliseconds of master time.")],
    to_offset: Annotated[float, typer.Argument(help="End, in milliseconds of master time.")],
    words: Words = "",
    reason: Reason = "",
    dry_run: DryRun = False,
    as_email: As = None, password_stdin: PasswordStdin = False, json: Json = False,
) -> None:  # fmt: skip
    """Run the pipeline again for a time range; makes a new draft."""
    params = {"sessionId": session, "fromOffset": from_offset, "toOffset": to_offset}
    run_command("assembly.replay", params, reason=reason_of(words, reason), dry_run=dry_run,
                json=json, as_email=as_email, password_stdin=password_stdin)  # fmt: skip
