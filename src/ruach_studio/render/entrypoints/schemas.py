"""The words of render's HTTP interface."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ruach_studio.infra.queues.port import Dispatch
from ruach_studio.render.entrypoints.progress import HELD
from ruach_studio.render.lifecycle import State, Step
from ruach_studio.render.usecases.read_jobs import ShownJob
from ruach_studio.render.usecases.request_renders import Requested

# A standard format or one that an operator added; the use case says which there are.
Format = Annotated[str, Field(min_length=1, max_length=40)]


class Wire(BaseModel):
    """camelCase on the wire; unknown fields in a request are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class RenderAllRequest(Wire):
    """`critical` marks an operator's urgent render; without `edlVersion` the newest locked EDL is rendered."""

    critical: bool = False
    edl_version: int | None = Field(default=None, ge=1)


class TriggerRequest(RenderAllRequest):
    """One format of one session."""

    session_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    format: Format


class ReasonRequest(Wire):
    """Why; goes to the audit."""

    reason: str = Field(min_length=1, max_length=500)


class CancelRequest(Wire):
    """Why, if there is something to say."""

    reason: str = Field(default="cancelled by the operator", max_length=500)


class FileOut(Wire):
    """A file beside the video: `captions.vtt`, `captions.srt` or `chapters.vtt`."""

    name: str
    key: str
    url: str
    content_type: str
    size_bytes: int
    sha256: str


class ArtifactOut(Wire):
    """A published file."""

    key: str
    url: str
    content_type: str
    size_bytes: int
    sha256: str
    duration_ms: float | None
    frames: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    stored_at: datetime
    files: list[FileOut]


class JobOut(Wire):
    """A render job. `notes` say what the plan had to work around; `error` has code, message and retryable.

    `preset_sha256` is the content of the format as it was asked for (null in jobs from before that was kept).
    `chosen_picture` is the candidate that an operator took; `output_url` is then that one's.
    `waiting_reason` says why a queued job is held back; null: it waits for a worker, or does not wait.
    """

    render_job_id: str
    session_id: str
    format: Format
    edl_version: int
    automation_id: str
    status: State
    step: Step | None
    attempt: int
    retry_of: str | None
    critical: bool
    requested_by: str
    reason: str
    error: Mapping[str, Any] | None
    notes: list[str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    output_url: str | None = None
    artifact: ArtifactOut | None = None
    preset_sha256: str | None = None
    chosen_picture: int | None = None
    waiting_reason: str | None = None


class RetriedOut(JobOut):
    """The job that a retry made. `dispatch` is `pending` while the queues' Redis is away: it starts when that is back."""

    dispatch: Dispatch = "queued"


class RequestedOut(Wire):
    """A job that answers a request; `created` is False where one existed already."""

    render_job_id: str
    format: Format
    automation_id: str
    status: State
    created: bool


class BatchOut(Wire):
    """The jobs of one request. `automationId` groups the ones that it made (the first job's if it made none).

    `dispatch` is `pending` while the queues' Redis is away: the jobs are kept, and start when it is back.
    """

    automation_id: str
    session_id: str
    edl_version: int
    jobs: list[RequestedOut]
    dispatch: Dispatch = "queued"


def job_out(shown: ShownJob) -> JobOut:
    """Return the wire form of a job with its artifact."""
    job, artifact = shown.job, shown.artifact
    own = set(JobOut.model_fields) - {"status", "output_url", "artifact", "error", "chosen_picture", "waiting_reason"}
    fields: dict[str, Any] = {name: getattr(job, name) for name in own}
    error = None if job.error is None else {key: job.error.get(key) for key in ("code", "message", "retryable")}
    stored = None
    if artifact is not None:
        stored = ArtifactOut(**{name: getattr(artifact, name) for name in ArtifactOut.model_fields})
    shown_url = shown.chosen.url if shown.chosen is not None else None if artifact is None else artifact.url
    return JobOut(
        **fields, status=job.state, error=error, output_url=shown_url, artifact=stored,
        chosen_picture=None if shown.chosen is None else shown.chosen.place,
        waiting_reason=HELD if shown.held else None,
    )  # fmt: skip


def retried_out(shown: ShownJob, dispatch: Dispatch) -> RetriedOut:
    """Return the wire form of the job that a retry made."""
    return RetriedOut(**dict(job_out(shown)), dispatch=dispatch)


def batch_out(found: list[Requested], dispatch: Dispatch = "queued") -> BatchOut:
    """Return the wire form of a request's jobs (never empty)."""
    made = next((each.job for each in found if each.created), found[0].job)
    listed = [
        RequestedOut(
            render_job_id=each.job.render_job_id, format=each.job.format, automation_id=each.job.automation_id,
            status=each.job.state, created=each.created,
        )
        for each in found
    ]  # fmt: skip
    return BatchOut(
        automation_id=made.automation_id, session_id=made.session_id, edl_version=made.edl_version, jobs=listed,
        dispatch=dispatch,
    )  # fmt: skip
