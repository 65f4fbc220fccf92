"""The SQL of how fast rendering goes."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_MEDIANS = text(
    """
    SELECT format, percentile_cont(0.5) WITHIN GROUP (ORDER BY film_s / work_s) AS speed FROM (
      SELECT j.format, a.duration_ms / 1000.0 AS film_s, extract(epoch FROM j.finished_at - j.started_at) AS work_s,
             row_number() OVER (PARTITION BY j.format ORDER BY a.stored_at DESC) AS place
        FROM render.artifact a JOIN render.render_job j ON j.render_job_id = a.render_job_id
       WHERE a.stored_at > clock_timestamp() - interval '1 day' AND a.duration_ms > 0
         AND j.finished_at > j.started_at) newest
     WHERE place <= 20 GROUP BY format
    """
)


async def medians(conn: AsyncConnection) -> dict[str, float]:
    """Return {format: film seconds per second of work} of the newest 20 published renders of a day."""
    return {row.format: float(row.speed) for row in await conn.execute(_MEDIANS)}
