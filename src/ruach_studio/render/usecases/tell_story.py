"""Turn render's rows into the lines of a story: each step that is done, each artifact with its address."""

from ruach_studio.infra.signals.story import Line, Scope
from ruach_studio.render.store import story
from ruach_studio.render.usecases.services import RenderServices


async def find_scope(services: RenderServices, asked: str) -> Scope:
    """Return the jobs and automations that a session's or a job's id names."""
    async with services.database.connection() as conn:
        rows = await story.known(conn, asked)
    return Scope(
        asked, automations=frozenset(row.automation_id for row in rows), jobs=frozenset(row.job_id for row in rows),
        sessions=frozenset({asked}) if any(row.session_id == asked for row in rows) else frozenset(),
    )  # fmt: skip


async def tell_story(services: RenderServices, scope: Scope) -> list[Line]:
    """Return the lines of the jobs and automations in `scope`."""
    async with services.database.connection() as conn:
        done = await story.steps(conn, scope.automations, scope.jobs)
        published = await story.published(conn, scope.automations, scope.jobs)
    lines = []
    for row in done:
        ids = {"automationId": row.automation_id, "renderJobId": row.job_id}
        facts = {"format": row.format, "step": row.step, "sha256": row.sha256}
        lines.append(Line(row.done_at, "render.step.done", f"{row.format}: {row.step} done", ids, facts))
    for row in published:
        ids = {"automationId": row.automation_id, "renderJobId": row.job_id}
        facts = {
            "sessionId": row.session_id, "edlVersion": row.edl_version, "format": row.format, "url": row.url,
            "contentType": row.content_type, "sizeBytes": row.size_bytes, "sha256": row.sha256,
            "durationMs": row.duration_ms, "loudnessLufs": row.loudness_lufs, "truePeakDbtp": row.true_peak_dbtp,
            "files": row.files,
        }  # fmt: skip
        said = f"{row.format} published: {row.url} ({row.size_bytes} bytes)"
        lines.append(Line(row.stored_at, "artifact.published", said, ids, facts))
    return lines
