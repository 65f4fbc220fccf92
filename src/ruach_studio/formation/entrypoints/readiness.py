"""Turn "can formation answer?", "can it be searched?", "do readers get on?" into a word and a sentence each for /readyz.

Formation down does not take the service down: what is left of it is the static list, and the other pillars work on.
"""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import wraps
from typing import Any

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import graphs, journal, vectors
from ruach_studio.formation.store.journal_fence import fence
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.infra.deadline import in_time
from ruach_studio.infra.http.health import CHECK_TIMEOUT_S, Health
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import RuachError

log = get_logger(__name__)
RECENT = timedelta(minutes=5)
PATIENCE_S = 0.75 * CHECK_TIMEOUT_S  # before /readyz itself loses patience and calls it down
LONG_WRITER_S = 60.0


def never_down(check: Callable[[FormationServices], Coroutine[Any, Any, Health]]) -> Callable[..., Awaitable[Health]]:
    """Return `check` as one that is degraded, in time, where it fails or hangs; the database has a check of its own."""

    @wraps(check)
    async def checked(services: FormationServices) -> Health:
        try:
            return await in_time(check(services), PATIENCE_S)
        except Exception as error:  # noqa: BLE001  (the database has a check of its own)
            reason = error.code if isinstance(error, RuachError) else type(error).__name__
            log.warning("formation.down", check=check.__name__, reason=reason)
            return Health("degraded", f"formation does not answer ({reason}): next-step shows the static list")

    return checked


@never_down
async def ready(services: FormationServices) -> Health:
    """Return ok if journal and path answer and no static list was shown within five minutes; else degraded, and why.

    The newest graph is kept in this process by the way, for the static list.
    """
    async with services.database.connection() as conn:
        await journal.reachable(conn)
        version = await graphs.current_version(conn, DEFAULT_PATH)
        if version is not None:
            await services.graphs.get(conn, DEFAULT_PATH, version)
    shown = services.static_answers
    if shown.last_at is not None and services.clock.now() - shown.last_at < RECENT:
        return Health("degraded", f"{shown.count} static lists shown, the last for {shown.last_reason}")
    return Health("ok", "no version is published yet" if version is None else f"path version {version}")


@never_down
async def search_ready(services: FormationServices) -> Health:
    """Return ok if every passage has a vector; degraded where full text serves alone, or for some of them."""
    async with services.database.connection() as conn:
        if not await vectors.present(conn):
            return Health("degraded", "full text only: install pgvector, then run `ruach formation index --all`")
        passages, embedded = await vectors.count(conn, services.embedder.embedder_id)
    told = f"{embedded} of {passages} passages have a vector"
    if embedded == passages:
        return Health("ok", told)
    return Health("degraded", f"{told}; `ruach formation index` makes the rest")


@never_down
async def readers_ready(services: FormationServices) -> Health:
    """Return degraded while an open transaction has kept readers of the journal waiting for over a minute."""
    async with services.database.connection() as conn:
        held = await fence(conn)
    if held.held_back and held.oldest_writer_s > LONG_WRITER_S:
        waits = f"{held.held_back} journal events wait for a transaction open for {held.oldest_writer_s:.0f} s"
        return Health("degraded", f"{waits}: end its session")
    return Health("ok", f"{held.held_back} journal events held back")
