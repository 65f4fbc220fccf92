"""Turn the journal into xAPI statements from the command line: send them to a record store, or write them to a file."""

import asyncio
import json as jsonlib
import re
import sys
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeVar

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.app.xapi import PAUSES_S, endpoint_of, open_sink
from ruach_studio.formation.store import statements
from ruach_studio.formation.store.journal import Cursor
from ruach_studio.formation.usecases.read_statements import all_statements
from ruach_studio.formation.usecases.stream_statements import Streamed, stream_statements
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure, get_logger
from ruach_studio.kernel.errors import BadInput, Unavailable

app = typer.Typer(no_args_is_help=True)
log = get_logger(__name__)
T = TypeVar("T")
_TRIES = 5
_CURSOR = re.compile(r"(\d{1,19}):(\d{1,19})")


@app.callback()
def xapi() -> None:
    """Send what the journal tells to a learning record store, as xAPI statements; never a reflection's text."""


@app.command()
def push(
    parked: Annotated[bool, typer.Option("--parked", help="First send again what the store refused before.")] = False,
    json: Json = False,
) -> None:
    """Send all that is not sent yet to RUACH_XAPI_URL. Interrupted, the next push goes on; nothing is sent twice."""

    async def work(services: Services) -> Streamed:
        for attempt in range(_TRIES):
            try:
                async with open_sink(services.settings) as sink:
                    return await stream_statements(services, sink, retry_parked=parked)
            except Unavailable as error:
                if attempt + 1 == _TRIES:
                    raise
                log.warning("xapi.push.delayed", message=str(error), pause_s=PAUSES_S[attempt])
            await asyncio.sleep(PAUSES_S[attempt])
        raise AssertionError("the last try returns or raises")

    _check_configured()
    done = _run(work)
    if json:
        show.print_json({"sent": done.sent, "parked": done.parked, "cursor": _text(done.cursor)})
    else:
        show.line(f"{done.sent} statements sent, {done.parked} refused and parked; cursor {_text(done.cursor)}")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option("--out", help="A file (default: standard output).")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="Go on behind this, as an earlier export said.")] = None,
) -> None:
    """Write one statement a line (NDJSON); the cursor behind the last goes to standard error."""
    start = _cursor(cursor)

    async def work(services: Services) -> Cursor:
        end = start
        with nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8") as lines:
            async for page in all_statements(services, start):
                _write(lines, [made.statement for made in page.made])
                end = page.cursor
        return end

    sys.stderr.write(f"cursor {_text(_run(work))}\n")


@app.command()
def status(json: Json = False) -> None:
    """Show how far the record store has come, and what it refused."""

    async def work(services: Services) -> dict[str, Any]:
        sink = endpoint_of(services.settings)
        async with services.database.connection() as conn:
            at = await statements.load(conn, sink)
            events, oldest = await statements.behind(conn, at)
            refused = await statements.parked(conn, sink)
        return {
            "sink": sink, "cursor": _text(at), "eventsBehind": events, "oldestBehind": oldest and oldest.isoformat(),
            "parked": [
                {"statementId": each.statement_id, "eventId": each.event_id, "status": each.status, "answer": each.answer}
                for each in refused
            ],
        }  # fmt: skip

    _check_configured()
    found = _run(work)
    if json:
        show.print_json(found)
        return
    show.line(f"{found['sink']}: cursor {found['cursor']}, {found['eventsBehind']} events behind it")
    for each in found["parked"]:
        show.line(f"parked: statement {each['statementId']} (event {each['eventId']}): {each['answer']}")


def _run(work: Callable[[Services], Coroutine[Any, Any, T]]) -> T:
    settings = local_settings()
    configure(settings)

    async def opened() -> T:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await work(services)

    return asyncio.run(opened())


def _check_configured() -> None:
    """Raise BadInput before a database is started for nothing."""
    endpoint_of(local_settings())


def _write(lines: TextIO, found: list[dict[str, object]]) -> None:
    lines.writelines(jsonlib.dumps(each, ensure_ascii=False, separators=(",", ":")) + "\n" for each in found)


def _cursor(text: str | None) -> Cursor:
    if text is None:
        return Cursor()
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise BadInput(f"{text[:40]!r} is no cursor", subject="--cursor", remedy="Use the one that an export printed.")
    return Cursor(int(found[1]), int(found[2]))


def _text(cursor: Cursor) -> str:
    return f"{cursor.xid}:{cursor.pos}"
