"""Turn jobs that ask for a transcript into one, with their progress."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from ruach_studio.assembly.ports import AssemblyServices, Transcriber
from ruach_studio.assembly.usecases.free_sessions import QUEUE
from ruach_studio.assembly.usecases.request_transcription import TRANSCRIBE_JOB
from ruach_studio.assembly.usecases.transcribe import transcribe
from ruach_studio.assembly.usecases.weigh_dead_job import named, weigh
from ruach_studio.infra.queues import Handler, HandlerHooks, JobContext
from ruach_studio.infra.queues.report_progress import Reporter, until_cancelled

LEAST_PART = 0.01  # before this much is done an estimate would be a guess


def handlers(services: AssemblyServices, transcriber: Transcriber) -> dict[tuple[str, str], Handler]:
    """Return the handler by (queue, job name)."""
    alone = asyncio.Lock()  # one model in memory, one at a time

    async def work(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        async with alone, Reporter(context) as reporter:
            begun = time.monotonic()

            def tell(part: float) -> None:
                took_s = time.monotonic() - begun
                eta_s = round(took_s * (1 - part) / part, 1) if part > LEAST_PART else None
                reporter.say(lambda: {"step": "transcribe", "progress": round(part, 4), "etaSeconds": eta_s})

            tell(0.0)
            made = await until_cancelled(
                transcribe(
                    services, payload["sessionId"], transcriber, actor=payload["actor"], camera_id=payload["cameraId"],
                    language=payload.get("language"), base_version=payload["baseVersion"], tell=tell, job_id=context.job_id,
                ),
                context.cancelled,
            )  # fmt: skip
            tell(1.0)
        return {"sessionId": payload["sessionId"], "transcriptVersion": made.row.version, "sha256": made.row.sha256}

    return {(QUEUE, TRANSCRIBE_JOB): work}


def hooks() -> dict[tuple[str, str], HandlerHooks]:
    """Return how a dead job is judged; nothing else hangs on it."""
    return {(QUEUE, TRANSCRIBE_JOB): HandlerHooks(triage=named, facts=weigh, subject=("sessionId", "cameraId"))}
