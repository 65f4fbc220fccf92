"""Turn sessions and footage into their JSON, and requests about them into values. Names on the wire: camelCase."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ruach_studio.assembly.session import Role
from ruach_studio.assembly.store.sessions import AssetRow, SessionRow
from ruach_studio.assembly.usecases.request_sync import Queued
from ruach_studio.infra.queues.port import Dispatch

NAME_MAX = 64
TEXT_MAX = 5000
PATH_MAX = 4096


class Wire(BaseModel):
    """Base of everything that crosses HTTP here."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class NewSession(Wire):
    """A session to make; its id is drawn unless given."""

    session_id: str | None = Field(default=None, max_length=NAME_MAX)
    title: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=TEXT_MAX)


class SessionView(Wire):
    """A session; `syncVersion` is the accepted one."""

    session_id: str
    title: str
    description: str
    state: str
    master_camera: str | None
    sync_version: int | None
    created_by: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: SessionRow) -> "SessionView":
        """Return the view of a stored session."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class NewAsset(Wire):
    """A camera or audio track to register: its files in recording order."""

    camera_id: str = Field(max_length=NAME_MAX)
    paths: list[str] = Field(min_length=1, max_length=1000)
    role: Role = "camera"


class ClipView(Wire):
    """One file of an asset."""

    path: str
    duration_ms: float
    fps: str | None
    width: int
    height: int
    has_audio: bool


class AssetView(Wire):
    """A registered camera or audio track."""

    asset_id: str
    camera_id: str
    role: str
    clips: list[ClipView]
    created_at: datetime

    @classmethod
    def of(cls, row: AssetRow) -> "AssetView":
        """Return the view of a stored asset."""
        clips = [
            ClipView(
                path=clip.path, duration_ms=round(clip.duration_s * 1000, 3), width=clip.width, height=clip.height,
                fps=None if clip.fps is None else str(clip.fps), has_audio=clip.has_audio,
            )
            for clip in row.camera.clips
        ]  # fmt: skip
        camera = row.camera
        return cls(
            asset_id=row.asset_id, camera_id=camera.camera_id, role=camera.role, clips=clips, created_at=row.created_at
        )


class JobView(Wire):
    """A job that was queued; `automationId` is the workflow that it belongs to.

    `dispatch` is `pending` while the queues' Redis is away: the job is kept, and starts when it is back.
    """

    job_id: str
    automation_id: str
    dispatch: Dispatch = "queued"

    @classmethod
    def of(cls, queued: Queued, dispatch: Dispatch = "queued") -> "JobView":
        """Return the view of a queued job."""
        return cls(job_id=queued.job_id, automation_id=queued.automation_id, dispatch=dispatch)


class SyncRequest(Wire):
    """How to sync; by default the first camera that is not the wide is the master. `restart` frees a session that hangs."""

    master_camera: str | None = Field(default=None, max_length=NAME_MAX)
    restart: bool = False


class SyncApproval(Wire):
    """A yes to the sync version that was looked at."""

    version: int
    notes: str = Field(default="", max_length=TEXT_MAX)


class OffsetCorrection(Wire):
    """Where a clip really lies."""

    camera_id: str
    offset_ms: float = Field(allow_inf_nan=False)
    clip_index: int = 0
    drift_ppm: float | None = Field(default=None, allow_inf_nan=False)


class SyncCorrection(Wire):
    """Corrections on top of the version that was looked at."""

    base_version: int
    corrections: list[OffsetCorrection] = Field(min_length=1, max_length=1000)
    notes: str = Field(default="", max_length=TEXT_MAX)
