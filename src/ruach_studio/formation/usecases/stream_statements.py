"""Turn journal events into statements in a learning record store: all of them, each once, however often it is tried.

Read a page behind the store's cursor, send it, then move the cursor: so a crash repeats a page and loses none, and since ids
are derived from the event, the repeat is no second statement. A page that is refused is halved until the one statement at
fault is found; that one is parked with the store's answer, the others go on. No transaction is open while anything is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ruach_studio.formation.ports import FormationServices, StatementSink, StatementsRefused
from ruach_studio.formation.store import statements
from ruach_studio.formation.store.journal import Cursor
from ruach_studio.formation.store.statements import Parked
from ruach_studio.formation.usecases.read_statements import PAGE, Made, read_statements, statements_of
from ruach_studio.infra.db.alone import alone
from ruach_studio.infra.logging import get_logger

log = get_logger(__name__)
_ANSWER_MAX = 500


@dataclass(frozen=True, slots=True)
class Streamed:
    """What one run did: statements stored, statements parked, and how far the cursor came."""

    sent: int
    parked: int
    cursor: Cursor


async def stream_statements(
    services: FormationServices, sink: StatementSink, *, page: int = PAGE, retry_parked: bool = False
) -> Streamed:
    """Send all that is committed and not yet sent; with `retry_parked` first what was refused before.

    Raises HeldElsewhere (another process sends), Unavailable (try again: nothing is lost), RecordStoreClosed (a person must
    act). The cursor stands behind what was surely stored.
    """
    async with alone(services.database, f"xapi:{sink.name}"):
        sent, refused = await _again(services, sink) if retry_parked else (0, 0)
        async with services.database.connection() as conn:
            cursor = await statements.load(conn, sink.name)
        while (found := await read_statements(services, cursor, limit=page)).events:
            parked = await _deliver(sink, found.made, services.clock.now())
            stored = len(found.made) - len(parked)
            async with services.database.transaction() as tx:
                await statements.park(tx, sink.name, parked)
                await statements.move(tx, sink.name, cursor, found.cursor, sent=stored, at=services.clock.now())
            sent, refused, cursor = sent + stored, refused + len(parked), found.cursor
            log.info("xapi.page.sent", sink=sink.name, events=found.events, statements=stored, parked=len(parked))
    return Streamed(sent, refused, cursor)


async def _again(services: FormationServices, sink: StatementSink) -> tuple[int, int]:
    async with services.database.connection() as conn:
        ids = [each.event_id for each in await statements.parked(conn, sink.name)]
        made = await statements_of(services, conn, await statements.recorded(conn, ids))
    refused = await _deliver(sink, made, services.clock.now())
    stored = {each.event.event_id for each in made} - {each.event_id for each in refused}
    async with services.database.transaction() as tx:
        await statements.park(tx, sink.name, refused)
        await statements.release(tx, sink.name, sorted(stored))
    return len(stored), len(refused)


async def _deliver(sink: StatementSink, made: Sequence[Made], at: datetime) -> list[Parked]:
    """Store what the sink takes; return what it refuses, found by halving."""
    if not made:
        return []
    try:
        await sink.store([each.statement for each in made])
    except StatementsRefused as error:
        if len(made) == 1:
            return [_parked(sink, made[0], error, at)]
        middle = len(made) // 2
        return [*await _deliver(sink, made[:middle], at), *await _deliver(sink, made[middle:], at)]
    return []


def _parked(sink: StatementSink, made: Made, error: StatementsRefused, at: datetime) -> Parked:
    status = error.details.get("status")
    log.error(
        "xapi.statement.parked", sink=sink.name, statement_id=made.statement["id"], event_id=made.event.event_id,
        status=status, answer=error.fact, remedy="ruach formation xapi status; push --parked sends it again.",
    )  # fmt: skip
    return Parked(
        made.event.event_id, made.event.enrollment_id, made.version, str(made.statement["id"]),
        status if isinstance(status, int) else 0, error.fact.replace("\0", "\ufffd")[:_ANSWER_MAX], at,
    )  # fmt: skip
