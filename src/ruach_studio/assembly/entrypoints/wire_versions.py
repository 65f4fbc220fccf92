"""Turn the comparison and the statistics of EDLs, and speaker maps, into JSON, and their requests into values."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ruach_studio.assembly.edl_diff import Change, EdlDiff
from ruach_studio.assembly.edl_model import Cut
from ruach_studio.assembly.edl_stats import Share, Statistics
from ruach_studio.assembly.edl_wire import cut_to_wire
from ruach_studio.assembly.entrypoints.wire import NAME_MAX, TEXT_MAX, Wire
from ruach_studio.assembly.mapping import MicRef, Speaker, SpeakerMap
from ruach_studio.assembly.mapping_proposal import Proposal
from ruach_studio.assembly.usecases.get_speakers import SpeakersView
from ruach_studio.kernel.timebase import FrameRate


class ChangeView(Wire):
    """One field that differs, by its wire name."""

    field: str
    before: Any
    after: Any

    @classmethod
    def of(cls, change: Change) -> "ChangeView":
        """Return the view of a change."""
        return cls(field=change.field, before=change.before, after=change.after)


class ChangedCutView(Wire):
    """A cut of both versions that is not alike."""

    cut_id: str
    changes: list[ChangeView]


class DiffView(Wire):
    """What leads from one version to the other."""

    from_version: int
    to_version: int
    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[ChangedCutView]
    header: list[ChangeView]
    changed_frames: int

    @classmethod
    def of(cls, found: EdlDiff, fps: FrameRate) -> "DiffView":
        """Return the view of a difference; `fps` gives the cuts' milliseconds."""
        return cls(
            from_version=found.from_version, to_version=found.to_version, added=_cuts(found.added, fps),
            removed=_cuts(found.removed, fps), header=[ChangeView.of(change) for change in found.header],
            changed=[
                ChangedCutView(cut_id=each.cut.id, changes=[ChangeView.of(change) for change in each.changes])
                for each in found.changed
            ],
            changed_frames=found.changed_frames,
        )  # fmt: skip


class ShareView(Wire):
    """What one camera, band or reason has of the programme; `share` 0 to 1 of its time."""

    name: str
    cuts: int
    seconds: float
    share: float

    @classmethod
    def of(cls, share: Share) -> "ShareView":
        """Return the view of a share."""
        return cls(name=share.name, cuts=share.cuts, seconds=share.seconds, share=share.share)


class StatisticsView(Wire):
    """The numbers of one version; times in seconds."""

    cut_count: int
    duration_s: float
    average_shot_s: float
    median_shot_s: float
    shortest_shot_s: float
    longest_shot_s: float
    cuts_per_minute: float
    speaker_switches: int
    approved: int
    locked: int
    omitted_s: float
    cameras: list[ShareView]
    bands: list[ShareView]
    reasons: list[ShareView]

    @classmethod
    def of(cls, numbers: Statistics) -> "StatisticsView":
        """Return the view of the numbers."""
        shares: dict[str, Any] = {
            name: [ShareView.of(share) for share in getattr(numbers, name)] for name in ("cameras", "bands", "reasons")
        }
        rest: dict[str, Any] = {name: getattr(numbers, name) for name in cls.model_fields if name not in shares}
        return cls(**rest, **shares)


class MicView(Wire):
    """A microphone: all channels of a recording as one, or one of them, counted from 1."""

    camera_id: str = Field(max_length=NAME_MAX)
    channel: Annotated[int, Field(ge=1, le=64)] | None = None


class SpeakerView(Wire):
    """One person: what hears him, what shows him (the usual camera first)."""

    id: str = Field(max_length=NAME_MAX)
    name: str = Field(max_length=200)
    mics: list[MicView] = Field(max_length=64)
    cameras: list[str] = Field(max_length=64)


class SpeakersBody(Wire):
    """The speaker map in force; version 0 = none is saved, every camera but the wide hears its own subject."""

    version: int
    origin: str
    speakers: list[SpeakerView]
    notes: str
    created_by: str | None
    created_at: datetime | None

    @classmethod
    def of(cls, view: SpeakersView) -> "SpeakersBody":
        """Return the body of a map."""
        shown = _speakers(view.speakers)
        saved = view.saved
        if saved is None:
            return cls(version=0, origin="default", speakers=shown, notes="", created_by=None, created_at=None)
        return cls(version=saved.version, origin=saved.origin, speakers=shown, notes=saved.notes,
                   created_by=saved.created_by, created_at=saved.created_at)  # fmt: skip


class MicEvidence(Wire):
    """Why a microphone was given to a speaker, or to nobody."""

    mic: MicView
    speaker_id: str | None
    leads_s: float
    separation_db: float
    words: str


class ProposalBody(Wire):
    """A map to correct and save, with the evidence for each microphone."""

    speakers: list[SpeakerView]
    evidence: list[MicEvidence]

    @classmethod
    def of(cls, proposal: Proposal) -> "ProposalBody":
        """Return the body of a proposal."""
        return cls(
            speakers=_speakers(proposal.speakers),
            evidence=[
                MicEvidence(
                    mic=MicView(camera_id=each.mic.camera_id, channel=each.mic.channel), speaker_id=each.speaker_id,
                    leads_s=round(each.leads_s, 1), separation_db=round(each.separation_db, 1), words=each.words,
                )
                for each in proposal.evidence
            ],
        )  # fmt: skip


class SpeakersRequest(Wire):
    """The map that is wanted, and the version that was looked at (0 if none was saved)."""

    base_version: int = Field(ge=0)
    speakers: list[SpeakerView] = Field(min_length=1, max_length=64)
    notes: str = Field(default="", max_length=TEXT_MAX)

    def value(self) -> SpeakerMap:
        """Return the value. Raises BadInput for a contradiction."""
        return SpeakerMap(
            tuple(
                Speaker(
                    each.id, each.name, tuple(MicRef(mic.camera_id, mic.channel) for mic in each.mics), tuple(each.cameras)
                )
                for each in self.speakers
            )
        )


def _cuts(cuts: tuple[Cut, ...], fps: FrameRate) -> list[dict[str, Any]]:
    return [cut_to_wire(cut, fps) for cut in cuts]


def _speakers(speakers: SpeakerMap) -> list[SpeakerView]:
    return [
        SpeakerView(
            id=each.id, name=each.name, cameras=list(each.cameras),
            mics=[MicView(camera_id=mic.camera_id, channel=mic.channel) for mic in each.mics],
        )
        for each in speakers.speakers
    ]  # fmt: skip
