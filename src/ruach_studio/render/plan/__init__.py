"""Turn a locked EDL and a preset into a render plan: which frame of which file is on screen at every frame of the output.

The plan is the whole truth of a render: every runner (FFmpeg, Remotion) given the same plan shows the same frames, and a
test can ask the plan what must be seen. wire.py reads the EDL, window.py picks the stretch, coverage.py the files,
mapping.py the frames, audio.py the sound, letter.py what is written on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan.audio import AudioPlan, AudioSpan, plan_audio
from ruach_studio.render.plan.coverage import Segment, cover
from ruach_studio.render.plan.decided import Decided, decided
from ruach_studio.render.plan.letter import letter
from ruach_studio.render.plan.lettering import Lettering
from ruach_studio.render.plan.mapping import first_programme_frame, position, source_frame
from ruach_studio.render.plan.window import choose_window
from ruach_studio.render.plan.wire import ClipRef, EdlNotLocked, EdlUnreadable, LockedEdl, read_edl
from ruach_studio.render.presets import Preset

__all__ = [
    "AudioPlan", "AudioSpan", "ClipRef", "Decided", "EdlNotLocked", "EdlUnreadable", "Lettering", "LockedEdl", "RenderPlan",
    "Segment", "decided", "first_programme_frame", "plan_render", "position", "read_edl", "source_frame",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """Everything a runner needs. Frames are programme frames; the output's frame 0 is `start_frame`."""

    preset: Preset
    session_id: str
    edl_version: int
    rate: FrameRate
    start_frame: int
    end_frame_exclusive: int
    segments: tuple[Segment, ...]
    audio: AudioPlan
    notes: tuple[str, ...]
    window: Decided | None
    lettering: Lettering = field(default_factory=Lettering)

    @property
    def frames(self) -> int:
        """Return how many frames the output has."""
        return self.end_frame_exclusive - self.start_frame

    @property
    def duration_s(self) -> float:
        """Return the output's length in seconds."""
        return float(self.rate.seconds(self.frames))

    @property
    def picture_clips(self) -> tuple[ClipRef, ...]:
        """Return each file whose picture is shown, once, in order of appearance."""
        return tuple(dict.fromkeys(s.clip for s in self.segments if s.clip is not None))

    @property
    def audio_clips(self) -> tuple[ClipRef, ...]:
        """Return each file whose sound is used, once; a still uses none."""
        return () if self.preset.audio is None else tuple(dict.fromkeys(span.clip for span in self.audio.spans))

    def shown(self, output_frame: int) -> tuple[str | None, int | None]:
        """Return (camera, source frame) on screen at frame `output_frame` of the output; (None, None) is black."""
        frame = self.start_frame + output_frame
        for segment in self.segments:
            if segment.start_frame <= frame < segment.end_frame_exclusive:
                return segment.camera, segment.source_frame_at(self.rate, frame)
        raise IndexError(f"frame {output_frame} is outside the output's {self.frames} frames")

    def fingerprint(self) -> str:
        """Return the SHA-256 of the plan: equal plans make equal renders."""
        return inputs_hash(self)


def plan_render(edl: Mapping[str, object], preset: Preset, *, places: Mapping[str, Fraction] | None = None) -> RenderPlan:
    """Plan one format of a locked EDL (wire form). Raises EdlNotLocked or EdlUnreadable.

    `places` says where the subject of each camera stands, 0..1; a preset that crops around the subject follows it.
    """
    locked = read_edl(edl)
    window = choose_window(locked, preset.max_length_s)
    segments, picture_notes = cover(locked, window.start_frame, window.end_frame_exclusive)
    if preset.follows_subject and places:
        segments = tuple(replace(s, subject_x=places.get(s.camera or "", s.subject_x)) for s in segments)
    audio = plan_audio(locked, window.start_frame, window.end_frame_exclusive)
    lettering, letter_notes = letter(edl, locked, preset.lettering)
    notes = picture_notes if preset.audio is None else picture_notes + audio.notes + letter_notes
    if window.note is not None and not preset.is_still:
        notes = (*notes, window.note)
    return RenderPlan(
        preset, locked.session_id, locked.version, locked.rate, window.start_frame, window.end_frame_exclusive,
        segments, audio, notes, window.decided, Lettering() if preset.is_still else lettering,
    )  # fmt: skip
