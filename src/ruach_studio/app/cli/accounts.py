"""Turn an email and a typed password into an account that may sign in to the service."""

import asyncio
import sys
from typing import Annotated

import typer

from ruach_studio.app.wiring import open_services
from ruach_studio.infra.auth.accounts import create_account, ensure_local_operator
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.settings import load_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def accounts() -> None:
    """Create the accounts that may sign in to the service."""


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="The address to sign in with.")],
    role: Annotated[list[str], typer.Option("--role", help="operator, admin or member; repeat for more.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
    ] = False,
) -> None:
    """Create an account; the password is asked for, never taken from the command line."""
    password = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    asyncio.run(_create(email, password, role))
    typer.echo(f"{email}: may sign in as {', '.join(sorted(role))}")


async def _create(email: str, password: str, roles: list[str]) -> None:
    with bind(correlation_id=new_id()):
        async with open_services(load_settings()) as services, services.database.transaction() as tx:
            operator = await ensure_local_operator(tx)
            await create_account(tx, email, password, roles, actor=operator.actor)
