"""Turn a media file into its facts: tracks, sizes, rates, and when each track really begins.

Local time of a clip (the word used everywhere else): local 0 is the presentation time of the first video frame, or of
the first audio sample where there is no picture. Cameras and muxers start the two up to 150 ms apart, and MPEG-TS starts
at 1.4 s, so every reader of the file must subtract `MediaInfo.local_zero_s` from the container's clock.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from ruach_studio.infra.media.sound_only import open_plain
from ruach_studio.infra.media.timecode import start_timecode
from ruach_studio.kernel.timebase import FrameRate

VARIABLE_RATE_TOLERANCE = 0.001  # mean and nominal rate of a constant-rate file agree far better than 0.1 %


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The first picture track; `start_s` is the first frame's presentation time on the container's clock."""

    width: int
    height: int
    rate: FrameRate
    frame_count: int | None
    rotation: int
    codec: str
    pix_fmt: str
    start_s: float
    duration_s: float | None
    variable_rate: bool


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """The first sound track; `start_s` on the container's clock.

    `positions` names each channel's place ("FL", "LFE"); "NONE" where the file gives none: a recorder's own tracks.
    """

    rate: int
    channels: int
    start_s: float
    duration_s: float | None
    codec: str
    positions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """One file: `duration_s` is the container's length, counted from `container_start_s`.

    `timecode` is the recorder's start timecode as written (a tmcd track, a tag, BWF's samples since midnight) and
    `timecode_s` the same as seconds since midnight, at local 0.
    """

    path: str
    size_bytes: int
    duration_s: float
    container_start_s: float
    video: VideoInfo | None
    audio: AudioInfo | None
    timecode: str | None = None
    timecode_s: float | None = None

    @property
    def local_zero_s(self) -> float:
        """Return where local time 0 lies on the container's clock: the first frame, else the first sample."""
        if self.video is not None:
            return self.video.start_s
        return self.audio.start_s if self.audio is not None else self.container_start_s

    @property
    def local_duration_s(self) -> float:
        """Return the clip's length in local time: to the end of the picture, else of the sound."""
        track = self.video or self.audio
        if track is not None and track.duration_s is not None:
            return track.duration_s
        return self.container_start_s + self.duration_s - self.local_zero_s


def probe(path: Path | str) -> MediaInfo:
    """Read the facts of the file at `path`.

    Raises PyAV's errors (`av.FFmpegError`, `OSError`) as they are: check.py turns them into sentences for a person.
    """
    path = Path(path)
    with open_plain(path) as (container, layout):
        _check_decodable(container, str(path))
        start_s = (container.start_time or 0) / av.time_base
        duration_s = (container.duration or 0) / av.time_base
        audio = _audio_info(container.streams.audio[0], start_s) if container.streams.audio else None
        if audio is not None and layout.skip:
            audio, duration_s = _without_delay(container, audio, layout.skip)
        pictures = [
            s for s in container.streams.video if not s.disposition & s.disposition.attached_pic
        ]  # cover art is not video
        video = _video_info(container, pictures[0], start_s) if pictures else None
        said, clock_s = start_timecode(container, video.rate if video else None, audio.rate if audio else None)
    return MediaInfo(str(path), path.stat().st_size, duration_s, start_s, video, audio, said, clock_s)


def _without_delay(container: InputContainer, audio: AudioInfo, skip: int) -> tuple[AudioInfo, float]:
    """Return the sound without its first `skip` samples, and how long the container lasts then, as FFmpeg says both."""
    told_s, sound_s = (container.duration or 0) / av.time_base, audio.duration_s or 0.0
    samples = round(sound_s * audio.rate) - skip
    shorter = replace(audio, duration_s=None if audio.duration_s is None else samples / audio.rate)
    if abs(told_s - sound_s) > 1 / av.time_base:  # the container does not end with its sound
        return shorter, told_s
    begin_s = (container.start_time or 0) / av.time_base
    others = [
        (_seconds(stream.start_time, stream.time_base) or begin_s) - begin_s + (_track_duration_s(stream) or 0.0)
        for stream in container.streams.video
    ]
    return shorter, round(max(shorter.duration_s or 0.0, *others, 0.0) * av.time_base) / av.time_base


def _check_decodable(container: InputContainer, name: str) -> None:
    for stream in (*container.streams.video[:1], *container.streams.audio[:1]):
        context: object = stream.codec_context  # None where no decoder is known, whatever PyAV's types say
        if context is None:
            track = "picture" if stream.type == "video" else "sound"
            raise av.DecoderNotFoundError(0, f"nobody here can decode the codec of its {track}", name)


def _seconds(ticks: int | None, time_base: Fraction | None) -> float | None:
    return float(ticks * time_base) if ticks is not None and time_base is not None else None


def _track_duration_s(stream: AudioStream | VideoStream) -> float | None:
    """Return the track's own length; Matroska keeps it in a tag ("00:00:05.021000000")."""
    own = _seconds(stream.duration, stream.time_base)
    tag = stream.metadata.get("DURATION", "")
    if own is None and tag.count(":") == 2:
        hours, minutes, seconds = tag.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return own


def _audio_info(stream: AudioStream, container_start_s: float) -> AudioInfo:
    start_s = _seconds(stream.start_time, stream.time_base)
    return AudioInfo(
        rate=stream.rate,
        channels=stream.channels,
        start_s=container_start_s if start_s is None else start_s,
        duration_s=_track_duration_s(stream),
        codec=stream.codec_context.codec.canonical_name,
        positions=tuple(channel.name for channel in stream.layout.channels),
    )


def _video_info(container: InputContainer, stream: VideoStream, container_start_s: float) -> VideoInfo:
    nominal = stream.guessed_rate or stream.average_rate or Fraction(25)
    mean = stream.average_rate or nominal
    start_s = _seconds(stream.start_time, stream.time_base)
    rotation = 0
    # The first decoded frame knows its rotation, and its time is the one that edit lists and B-frames leave standing.
    try:
        first = next(iter(container.decode(stream)), None)
    except av.FFmpegError:
        first = None  # a damaged first frame: the stream's own header stands, and the renderer will say what it skips
    if first is not None:
        rotation = int(first.rotation) % 360
        # AVI knows only when a picture is decoded; with B-frames that is later than it is shown.
        start_s = first.time if first.pts is not None and container.format.name != "avi" else start_s
    return VideoInfo(
        width=stream.width,
        height=stream.height,
        rate=FrameRate.parse(nominal),
        frame_count=stream.frames or None,
        rotation=rotation,
        codec=stream.codec_context.codec.canonical_name,
        pix_fmt=stream.codec_context.pix_fmt or "",
        start_s=container_start_s if start_s is None else start_s,
        duration_s=_track_duration_s(stream),
        variable_rate=abs(float(mean / nominal) - 1.0) > VARIABLE_RATE_TOLERANCE,
    )
