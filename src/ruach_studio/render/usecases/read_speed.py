"""Turn the renders that ended lately into how many seconds of film a second of work makes, by format."""

from ruach_studio.render.store import speed
from ruach_studio.render.usecases.services import RenderServices


async def read_speed(services: RenderServices) -> dict[str, float]:
    """Return {format: times real time}, the median of the newest 20 jobs within a day; a still has no speed."""
    async with services.database.connection() as conn:
        return await speed.medians(conn)
