"""Turn a locked EDL and a preset into a render plan: which frame of which file is on screen at every frame of the output.

The plan is the whole truth of a render: every runner (FFmpeg, Remotion) given the same plan shows the same frames, and a
test can ask the plan what must be seen. wire.py reads the EDL, left_out.py what is not shown of it, window.py picks the
stretch, coverage.py the files, mapping.py the frames, audio.py the sound, letter.py what is written on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.kept import KeptFrames, Stretch
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan.audio import AudioPlan, AudioSpan, plan_audio
from ruach_studio.render.plan.coverage import Segment, cover
from ruach_studio.render.plan.decided import Decided, decided
from ruach_studio.render.plan.left_out import (
    begun_where_shown,
    left_out_notes,
    on_output,
    read_left_out,
    window_without,
    without_unsaid,
)
from ruach_studio.render.plan.letter import letter
from ruach_studio.render.plan.lettering import Lettering
from ruach_studio.render.plan.mapping import first_programme_frame, position, source_frame
from ruach_studio.render.plan.wire import ClipRef, EdlNotLocked, EdlUnreadable, LockedEdl, read_edl
from ruach_studio.render.presets import Preset

__all__ = [
    "AudioPlan", "AudioSpan", "ClipRef", "Decided", "EdlNotLocked", "EdlUnreadable", "KeptFrames", "Lettering", "LockedEdl",
    "RenderPlan", "Segment", "decided", "first_programme_frame", "on_output", "plan_render", "position", "read_edl",
    "source_frame",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """Everything a runner needs. Frames are programme frames; the output's frame 0 is the first of `timeline`.

    `omitted`: programme stretches that are left out. Segments, sound and `timeline` all skip them.
    """

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
    omitted: tuple[Stretch, ...] = ()

    @property
    def timeline(self) -> KeptFrames:
        """Return which programme frames the output shows: the one way from a programme frame to an output frame and back."""
        return KeptFrames.of(self.start_frame, self.end_frame_exclusive, self.omitted)

    @property
    def output_lettering(self) -> Lettering:
        """Return the writing in frames of the output."""
        return on_output(self.lettering, self.timeline)

    @property
    def frames(self) -> int:
        """Return how many frames the output has."""
        return self.timeline.frames

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
        frame = self.timeline.programme_frame(output_frame)
        for segment in self.segments:
            if segment.start_frame <= frame < segment.end_frame_exclusive:
                return segment.camera, segment.source_frame_at(self.rate, frame)
        raise IndexError(f"no segment shows frame {frame} of the programme")

    def fingerprint(self) -> str:
        """Return the SHA-256 of the plan: equal plans make equal renders."""
        return inputs_hash(self)


def plan_render(edl: Mapping[str, object], preset: Preset, *, places: Mapping[str, Fraction] | None = None) -> RenderPlan:
    """Plan one format of a locked EDL (wire form). Raises EdlNotLocked or EdlUnreadable.

    `places` says where the subject of each camera stands, 0..1; a preset that crops around the subject follows it.
    """
    locked = read_edl(edl)
    omitted = read_left_out(edl, locked.frames)
    window, notes = window_without(locked, omitted, preset.max_length_s)
    start, end = window.start_frame, window.end_frame_exclusive
    kept = KeptFrames.of(start, end, omitted)
    covered = [cover(locked, low, high) for low, high in kept.stretches]
    segments = tuple(segment for found, _ in covered for segment in found)
    if preset.follows_subject and places:
        segments = tuple(replace(s, subject_x=places.get(s.camera or "", s.subject_x)) for s in segments)
    audio = plan_audio(locked, start, end, omitted)
    notes += left_out_notes(kept, start, end, locked.rate.value)
    notes += [note for _, said in covered for note in said]
    lettering, letter_notes = letter(edl, locked, preset.lettering)
    if omitted:
        film = KeptFrames.of(0, locked.frames, omitted)
        lettering = begun_where_shown(without_unsaid(lettering, film), film)
    notes += [] if preset.audio is None else [*audio.notes, *letter_notes]
    if window.note is not None and not preset.is_still:
        notes.append(window.note)
    return RenderPlan(
        preset, locked.session_id, locked.version, locked.rate, start, end,
        segments, audio, tuple(notes), window.decided, Lettering() if preset.is_still else lettering,
        omitted=tuple((low, high) for low, high in omitted if low < end and high > start),
    )  # fmt: skip
