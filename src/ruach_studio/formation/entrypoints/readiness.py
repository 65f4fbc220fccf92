"""Turn "can formation answer?", "can it be searched?", "do readers get on?" into a word and a sentence each for /readyz.

Formation down does not take the service down: what is left of it is the static list, and the other pillars work on.
"""

from datetime import timedelta

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import graphs, journal, vectors
from ruach_studio.formation.store.journal_fence import Fence, fence
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.infra.deadline import in_time
from ruach_studio.infra.http.health import Health
from ruach_studio.infra.logging import get_logger

log = get_logger(__name__)
RECENT = timedelta(minutes=5)
WITHIN_S = 1.5  # below /readyz's own limit, which would take the whole service down
LONG_WRITER_S = 60.0


async def ready(services: FormationServices) -> Health:
    """Return ok if journal and path answer and no static list was shown within five minutes; else degraded, and why.

    The newest graph is kept in this process by the way, for the static list.
    """
    try:
        version = await in_time(_newest(services), WITHIN_S)
    except Exception as error:  # the database has a check of its own
        log.warning("formation.down", exc_info=error)
        return Health("degraded", f"the journal does not answer ({type(error).__name__}): next-step shows the static list")
    shown = services.static_answers
    if shown.last_at is not None and services.clock.now() - shown.last_at < RECENT:
        return Health("degraded", f"{shown.count} static lists shown, the last for {shown.last_reason}")
    return Health("ok", "no version is published yet" if version is None else f"path version {version}")


async def _newest(services: FormationServices) -> int | None:
    async with services.database.connection() as conn:
        await journal.reachable(conn)
        version = await graphs.current_version(conn, DEFAULT_PATH)
        if version is not None:
            await services.graphs.get(conn, DEFAULT_PATH, version)
        return version


async def search_ready(services: FormationServices) -> Health:
    """Return ok if every passage has a vector; degraded where full text serves alone, or for some, or nothing answers."""
    try:
        counted = await in_time(_counted(services), WITHIN_S)
    except Exception as error:
        log.warning("search.down", exc_info=error)
        return Health("degraded", f"the search index does not answer ({type(error).__name__})")
    if counted is None:
        return Health("degraded", "full text only: install pgvector, then run `ruach formation index --all`")
    passages, embedded = counted
    told = f"{embedded} of {passages} passages have a vector"
    if embedded == passages:
        return Health("ok", told)
    return Health("degraded", f"{told}; `ruach formation index` makes the rest")


async def _counted(services: FormationServices) -> tuple[int, int] | None:
    async with services.database.connection() as conn:
        if not await vectors.present(conn):
            return None
        return await vectors.count(conn, services.embedder.embedder_id)


async def readers_ready(services: FormationServices) -> Health:
    """Return degraded while an open transaction has kept readers of the journal waiting for over a minute."""
    try:
        held = await in_time(_held(services), WITHIN_S)
    except Exception as error:
        log.warning("journal.readers.unknown", exc_info=error)
        return Health("degraded", f"how readers of the journal stand cannot be seen ({type(error).__name__})")
    if held.held_back and held.oldest_writer_s > LONG_WRITER_S:
        waits = f"{held.held_back} journal events wait for a transaction open for {held.oldest_writer_s:.0f} s"
        return Health("degraded", f"{waits}: end its session")
    return Health("ok", f"{held.held_back} journal events held back")


async def _held(services: FormationServices) -> Fence:
    async with services.database.connection() as conn:
        return await fence(conn)
