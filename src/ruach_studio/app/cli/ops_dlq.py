"""Turn `ruach ops dlq …` into the dead letters: list them, show one with its way back, discard or redeliver."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.app.cli.ops_run import As, DryRun, Json, PasswordStdin, Reason, Words, reason_of, run_command, run_on
from ruach_studio.app.dead_letters import playbooks
from ruach_studio.app.wiring import Services
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.dead_letters import Page, Shown, list_letters, show_letter
from ruach_studio.infra.dead_letters.routes import LetterOut, LettersOut, WholeLetterOut
from ruach_studio.kernel.ids import checked_uuid4

app = typer.Typer(no_args_is_help=True)
Letter = Annotated[str, typer.Argument(help="The deadLetterId.")]
Cause = Literal["1", "2", "3", "ours", "unknown"]
_MOST = 200


@app.callback()
def dlq() -> None:
    """The dead letters: what died, why, and the way back. Do not requeue everything."""


@app.command("list")
def list_(
    queue: Annotated[str | None, typer.Option("--queue", help="A queue, its DLQ, or an event consumer.")] = None,
    cause: Annotated[Cause | None, typer.Option("--cause", help="A number of the playbook, ours, or unknown.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Of this session only.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are resolved.")] = False,
    before: Annotated[str | None, typer.Option("--before", help="Go on after this deadLetterId.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=_MOST)] = 50,
    json: Json = False,
) -> None:
    """List dead letters, newest first, with the playbook's verdict and what calls for escalation."""
    after = checked_uuid4(before, field="before") if before else None

    async def work(services: Services, _who: Principal) -> Page:
        return await list_letters(
            services.database, playbooks(services),
            queue=queue, cause=cause, session_id=session, resolved=None if every else False,
            before=after, limit=limit,
        )  # fmt: skip

    page = run_on(work)
    if json:
        found = [LetterOut.model_validate(each.to_wire()) for each in page.letters]
        show.print_json(LettersOut(dead_letters=found, next_before=page.next_before).model_dump(mode="json", by_alias=True))
        return
    if not page.letters:
        show.line("no dead letters")
    for letter in page.letters:
        for line in _lines(letter):
            show.line(escape(line))
    if page.next_before is not None:
        show.line(f"more: ruach ops dlq list --before {page.next_before}")


@app.command("show")
def show_(letter: Letter, json: Json = False) -> None:
    """Show one dead letter: every attempt, the playbook's row, the counters, the commands that apply."""
    letter_id = checked_uuid4(letter, field="deadLetterId")

    async def work(services: Services, _who: Principal) -> Shown:
        return await show_letter(services.database, playbooks(services), letter_id)

    found = run_on(work)
    if json:
        wire = WholeLetterOut.model_validate(found.to_wire(whole=True))
        show.print_json(wire.model_dump(mode="json", by_alias=True))
        return
    for line in (*_lines(found), *_more(found.to_wire(whole=True))):
        show.line(escape(line))


@app.command()
def discard(
    letter: Letter, words: Words = "", reason: Reason = "", dry_run: DryRun = False, as_email: As = None,
    password_stdin: PasswordStdin = False, json: Json = False,
) -> None:  # fmt: skip
    """Discard a letter of which the playbook says "discard safely": a duplicate event. Any other is refused."""
    run_command("deadLetter.discard", {"deadLetterId": letter}, reason=reason_of(words, reason), dry_run=dry_run,
                json=json, as_email=as_email, password_stdin=password_stdin)  # fmt: skip


@app.command()
def redeliver(
    consumer: Annotated[str, typer.Argument(help="The consumer that parked it.")],
    event: Annotated[str, typer.Argument(help="The event's id.")], words: Words = "", reason: Reason = "",
    dry_run: DryRun = False, as_email: As = None, password_stdin: PasswordStdin = False, json: Json = False,
) -> None:  # fmt: skip
    """Deliver a parked event to its consumer again, once the cause is mended."""
    run_command("event.redeliver", {"consumer": consumer, "eventId": event}, reason=reason_of(words, reason),
                dry_run=dry_run, json=json, as_email=as_email, password_stdin=password_stdin)  # fmt: skip


def _lines(shown: Shown) -> Iterator[str]:
    wire = shown.to_wire()
    row = wire["triage"]
    number = f"cause {row['cause']}" if row["cause"] is not None else ("ours" if row["known"] else "unknown")
    where = wire["dlq"] or f"events of {wire['queue']}"
    yield f"{wire['deadLetterId']}  {wire['diedAt']:%Y-%m-%d %H:%M} UTC  {where}  {wire['name']}"
    yield f"    {number}: {row['title']}; {wire['error']['code']}: {wire['error']['message']}"
    yield f"    requeue: {row['safeToRequeue']}. {row['requeueWhen']}"
    yield from (f"    ESCALATE: {each}" for each in wire["escalateBecause"])
    if wire["resolvedAt"] is not None:
        yield f"    resolved {wire['resolvedAt']:%Y-%m-%d %H:%M} UTC by {wire['resolvedBy']}: {wire['resolution']}"


def _more(wire: dict[str, Any]) -> Iterator[str]:
    row = wire["triage"]
    ids = {name: wire[name] for name in ("sourceId", "sessionId", "automationId", "correlationId") if wire[name]}
    yield f"    {', '.join(f'{name} {value}' for name, value in ids.items())}"
    yield f"    check first: {row['checkFirst']}"
    yield f"    escalate when: {row['escalateWhen']}"
    for each in wire["counters"]:
        yield f"    {each['name']}: {each['value']:g} of {each['atLeast']:g} {each['unit']}"
    for each in wire["attempts"]:
        error = each["error"] or {}
        yield f"    attempt {each['attempt']} {each.get('jobId', '')}: {error.get('code')}: {error.get('message')}"
    for each in wire["waysBack"]:
        yield f"    way back: {each['line']}"
        yield f"        {each['says']}"
