"""Turn `ruach lambda …` into calls of the deployed function: warm it before renders, see what it has cost."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.show import Json
from ruach_studio.app.runner import lambda_place
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.settings import load_settings
from ruach_studio.render.runners.lambda_client import LambdaClient
from ruach_studio.render.store import lambda_costs
from ruach_studio.render.usecases.guard_lambda import month_of

app = typer.Typer(no_args_is_help=True)


@app.callback()
def lambda_() -> None:
    """Rendering on AWS Lambda (RUACH_LAMBDA_*)."""


@app.command()
def warm(
    times: Annotated[int, typer.Option("--times", min=1, max=200, help="How many instances to have ready.")] = 1,
    json: Json = False,
) -> None:
    """Call the function side by side, so that as many instances are warm; says its version, which must be ours."""
    client = LambdaClient(lambda_place(load_settings()))
    with ThreadPoolExecutor(times) as pool:
        versions = sorted(set(pool.map(lambda _: client.warm(), range(times))))
    if json:
        show.print_json({"function": client.place.function, "version": versions[0], "calls": times})
    else:
        show.line(f"{client.place.function}: version {versions[0]}, {times} calls answered")


@app.command()
def costs(json: Json = False) -> None:
    """Show what this month's renders cost, and the cap."""
    settings = load_settings()

    async def read() -> tuple[str, float]:
        async with open_services(settings) as services, services.database.connection() as conn:
            month = month_of(services.clock.now())
            return f"{month:%Y-%m}", await lambda_costs.spent(conn, month)

    month, spent = asyncio.run(read())
    cap = settings.lambda_monthly_cap_usd
    if json:
        show.print_json({"month": month, "spentUsd": round(spent, 4), "capUsd": cap, "disabled": settings.lambda_disabled})
    else:
        off = ", switched off" if settings.lambda_disabled else ""
        show.line(f"{month}: {spent:.2f} USD spent or set aside, the cap is {cap:.2f} USD{off}")
