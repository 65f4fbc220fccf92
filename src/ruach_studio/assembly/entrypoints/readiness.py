"""Turn "do assembly's tables answer?" into a word and a sentence for /readyz."""

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import reach
from ruach_studio.infra.deadline import TooSlow, in_time
from ruach_studio.infra.http.health import CHECK_TIMEOUT_S, Health


async def ready(services: AssemblyServices) -> Health:
    """Return ok if the sessions can be read; raises or is down where somebody holds or broke their tables."""

    async def ask() -> None:
        async with services.database.connection() as conn:
            await reach.reachable(conn)

    try:
        await in_time(ask(), 0.75 * CHECK_TIMEOUT_S)
    except TooSlow:
        return Health("down", "its tables do not answer in time; the other pillars work on")
    return Health()
