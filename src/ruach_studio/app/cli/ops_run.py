"""Turn a recovery command on the command line into a run of the registry, as the local operator or as a person.

Without --as the machine's local operator acts (decision record 0007). With --as a person does, and proves it by the
password: that is also the only way to confirm, since whoever sits at the machine is no second person by that.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from ruach_studio.app.cli import ops_show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.ops import commanding
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.infra.auth import sessions
from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import Commanding, perform
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.kernel.errors import BadInput

T = TypeVar("T")
Words = Annotated[str, typer.Argument(metavar="[REASON]", help="Why; goes to the audit.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="The same as the last argument.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the difference and write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
As = Annotated[str | None, typer.Option("--as", help="Act as this account (email); its password is asked for.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]


def run_with(
    work: Callable[[Commanding, Principal], Awaitable[T]], *, as_email: str | None = None, password_stdin: bool = False
) -> T:
    """Do `work` with what a recovery command takes; otherwise as run_on."""
    return run_on(lambda services, who: work(commanding(services), who), as_email=as_email, password_stdin=password_stdin)


def run_on(
    work: Callable[[Services, Principal], Awaitable[T]], *, as_email: str | None = None, password_stdin: bool = False
) -> T:
    """Open the services, find out who acts, and do `work`. Raises WrongCredentials, TooManyLogins, RuachError."""
    password = _password(as_email, password_stdin) if as_email is not None else ""
    settings = local_settings()
    configure(settings)

    async def do() -> T:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await work(services, await _principal(services, as_email, password))

    return asyncio.run(do())


def reason_of(words: str, reason: str) -> str:
    """Return the reason, which may be given as the last argument or as --reason. Raises BadInput if both are given."""
    if words and reason:
        raise BadInput("it is given twice", subject="reason", remedy="Give it as the last argument or as --reason.")
    return words or reason


def run_command(
    name: str, params: dict[str, Any], *, reason: str, dry_run: bool = False, json: bool = False,
    as_email: str | None = None, password_stdin: bool = False,
) -> None:  # fmt: skip
    """Run a registered command and show what became of it; what is None in `params` is left out."""
    given = {key: value for key, value in params.items() if value is not None}
    outcome = run_with(
        lambda ops, who: perform(ops, who, name, given, reason=reason, dry_run=dry_run),
        as_email=as_email, password_stdin=password_stdin,
    )  # fmt: skip
    ops_show.outcome(outcome, json=json)


def _password(email: str, password_stdin: bool) -> str:
    if password_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt(f"Password of {email}", hide_input=True))


async def _principal(services: Services, email: str | None, password: str) -> Principal:
    if email is not None:
        return await sessions.prove(
            services.database, email=email, password=password, host="command line", at=services.clock.now()
        )
    async with services.database.transaction() as tx:
        return await ensure_local_operator(tx)
