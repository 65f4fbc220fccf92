"""Turn the sources of a CanonicalEDL into FCPXML resources: formats, assets, and a multicam clip with an angle each.

Every angle is a timeline that starts at the earliest recording; a clip lies where it started (offset = shift + its start on
the master timeline) and plays from its own beginning. A clip whose drift would come to more than half a frame at its end is
retimed: its `timeMap` stretches it to its length on the master timeline, linearly. Local time of a clip runs from 0, so an
asset's start is 0. Counterpart: `fcpxml.py` cuts the multicam clip.
"""

from collections.abc import Mapping
from fractions import Fraction
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource
from ruach_studio.assembly.exchange.drift import RETIME_ABOVE_FRAMES, drift_frames, drift_loss, speed_of
from ruach_studio.assembly.exchange.pieces import file_name, local_frame
from ruach_studio.kernel.hashing import uuid5
from ruach_studio.kernel.timebase import FrameRate, round_half_up

ROUNDING_MS = Fraction(3, 2)  # containers round durations to milliseconds
PER_FRAME = 1000  # a point of a time map lies within a two-thousandth of a frame, and its numbers stay small
MULTICAM = "multicam"
_CONFORM = {
    Fraction(24000, 1001): "23.98", Fraction(24): "24", Fraction(25): "25", Fraction(30000, 1001): "29.97",
    Fraction(30): "30", Fraction(48): "48", Fraction(50): "50", Fraction(60000, 1001): "59.94", Fraction(60): "60",
}  # fmt: skip
_CONFORM_1_13 = {Fraction(100): "100", Fraction(120_000, 1001): "119.88", Fraction(120): "120"}
Shape = tuple[FrameRate, int, int]


def seconds_text(frames: int, rate: FrameRate) -> str:
    """Return `frames` as FCPXML writes time: '0s', '12s' or '42042/30000s', always a multiple of the frame duration."""
    numerator, denominator = frames * rate.value.denominator, rate.value.numerator
    if numerator % denominator == 0:
        return f"{numerator // denominator}s"
    return f"{numerator}/{denominator}s"


def conforms(version: str) -> Mapping[Fraction, str]:
    """Return the names that this version of FCPXML has for frame rates of a source."""
    return _CONFORM if version in ("1.11", "1.12") else _CONFORM | _CONFORM_1_13


def angle_id(edl: CanonicalEDL, name: str) -> str:
    """Return the id of a source's angle: always the same one."""
    return uuid5(f"{edl.session_id}:angle:{name}")


def shift_of(edl: CanonicalEDL) -> int:
    """Return by how many frames everything moves, since an angle's timeline cannot begin before 0."""
    starts = [edl.fps.frame_at_ms(clip.begin_ms) for source in edl.sources.values() for clip in source.clips]
    return max(0, -min(starts, default=0))


class Media:
    """Writes the resources of one EDL."""

    def __init__(self, edl: CanonicalEDL, version: str) -> None:
        """Take the EDL and the version of FCPXML to write."""
        self.edl, self.rate, self.shift = edl, edl.fps, shift_of(edl)
        self.conform = conforms(version)
        self.formats: dict[Shape, str] = {}

    def write(self, resources: Element) -> None:
        """Add formats, assets and the multicam clip to `resources`."""
        self._formats(resources)
        for name, source in self.edl.sources.items():
            for index, clip in enumerate(source.clips):
                self._asset(resources, name, index, clip)
        media = SubElement(
            resources, "media", id=MULTICAM, name=self.edl.session_id, uid=uuid5(f"{self.edl.session_id}:multicam")
        )
        multicam = SubElement(media, "multicam", format="r1", tcStart="0s", tcFormat="DF" if self.rate.drop_frame else "NDF")
        for name in self.edl.sources:
            self._angle(multicam, name)

    def _formats(self, resources: Element) -> None:
        master = next(c for c in self.edl.sources[self.edl.master_camera].clips if c.fps is not None)
        kinds = [(self.rate, master.width, master.height)]
        for source in self.edl.sources.values():
            kinds += [(clip.fps, clip.width, clip.height) for clip in source.clips if clip.fps is not None]
        for shape in kinds:
            if shape not in self.formats:
                rate, width, height = shape
                self.formats[shape] = f"r{len(self.formats) + 1}"
                size = {"frameDuration": seconds_text(1, rate), "width": str(width), "height": str(height)}
                SubElement(resources, "format", {"id": self.formats[shape], **size})

    def _asset(self, resources: Element, name: str, index: int, clip: ClipSource) -> None:
        rate = clip.fps or self.rate
        asset = SubElement(
            resources, "asset", id=_asset_id(name, index), name=_stem(clip.path),
            uid=uuid5(f"{self.edl.sources[name].asset_id}:{clip.path}"), start="0s",
            duration=seconds_text(_length(clip, rate), rate),
        )  # fmt: skip
        if clip.fps is not None:
            shape = self.formats[clip.fps, clip.width, clip.height]
            asset.attrib |= {"hasVideo": "1", "format": shape, "videoSources": "1"}
        if clip.has_audio:
            asset.attrib |= {"hasAudio": "1", "audioSources": "1"}
        SubElement(asset, "media-rep", kind="original-media", src=_url(clip.path))

    def _angle(self, multicam: Element, name: str) -> None:
        angle = SubElement(multicam, "mc-angle", name=name, angleID=angle_id(self.edl, name))
        at = 0
        parts = [(part, index) for index, clip in enumerate(self.edl.sources[name].clips) for part in clip.placed]
        for part, index in sorted(parts, key=lambda each: each[0].start_ms):
            clip = part.clip
            own = self.shift + self.rate.frame_at_ms(part.start_ms)
            start = max(own, at)  # later than its own where the clip before it still runs: it then begins further in
            if start > at:
                SubElement(
                    angle, "gap", name="Gap", offset=seconds_text(at, self.rate), start="0s",
                    duration=seconds_text(start - at, self.rate),
                )  # fmt: skip
            frames = _length(clip, self.rate)
            retimed = drift_frames(clip, frames) > RETIME_ABOVE_FRAMES
            if retimed:
                frames = max(1, int(frames / speed_of(clip)))
            first = 0
            if self.edl.sources[name].clips[index].pieces:  # only this much of the file lies here
                frames = self.shift + self.rate.frame_at_ms(part.end_ms) - start
                first = self._inside(clip, start - self.shift, retimed=retimed)
            elif start > own:
                frames -= start - own
                first = self._inside(clip, start - self.shift, retimed=retimed)
            if frames < 1:
                continue
            placed = SubElement(
                angle, "asset-clip", ref=_asset_id(name, index), name=_stem(clip.path),
                offset=seconds_text(start, self.rate), start=seconds_text(first, self.rate),
                duration=seconds_text(frames, self.rate),
            )  # fmt: skip
            if clip.fps is not None:
                placed.set("format", self.formats[clip.fps, clip.width, clip.height])
                if clip.fps != self.rate and clip.fps.value in self.conform:
                    SubElement(placed, "conform-rate", scaleEnabled="0", srcFrameRate=self.conform[clip.fps.value])
            if retimed:
                self._time_map(placed, clip)
            at = start + frames

    def _inside(self, clip: ClipSource, frame: int, *, retimed: bool) -> int:
        """Return where programme frame `frame` lies in the clip, on its new time if it is retimed."""
        return max(0, frame - self.rate.frame_at_ms(clip.offset_ms)) if retimed else local_frame(clip, self.rate, frame)

    def _time_map(self, placed: Element, clip: ClipSource) -> None:
        """Say that the clip's own length takes its length times (1 + d): Apple's `time` is the new time, `value` the old."""
        own_s = Fraction(clip.duration_ms) / 1000
        points = SubElement(placed, "timeMap")
        for time_s, value_s in ((Fraction(0), Fraction(0)), (own_s / speed_of(clip), own_s)):
            ends = {"time": self._fine(time_s), "value": self._fine(value_s)}
            SubElement(points, "timept", {**ends, "interp": "linear"})

    def _fine(self, seconds: Fraction) -> str:
        scale = self.rate.value.numerator * PER_FRAME
        return f"{round_half_up(seconds * scale)}/{scale}s"


def media_losses(edl: CanonicalEDL, version: str) -> list[str]:
    """Return what the angles cannot hold: drift below half a frame, rates without a name."""
    losses = []
    for name, source in edl.sources.items():
        for clip in source.clips:
            frames = _length(clip, edl.fps)
            if drift_frames(clip, frames) <= RETIME_ABOVE_FRAMES and (told := drift_loss(name, clip, frames, edl.fps)):
                losses.append(told)
            if clip.fps is not None and clip.fps != edl.fps and clip.fps.value not in conforms(version):
                losses.append(f"{name}: a rate of {clip.fps} frames per second has no name in FCPXML {version}")
    return losses


def _length(clip: ClipSource, rate: FrameRate) -> int:
    """Return the whole frames in the clip; what a container's rounded duration lacks of a frame does not count."""
    return max(1, int((Fraction(clip.duration_ms) + ROUNDING_MS) * rate.value / 1000))


def _asset_id(name: str, index: int) -> str:
    """Return a valid XML ID; the session allows any camera name, so what an ID cannot hold becomes its hex code."""
    letters = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else f"_{ord(c):x}_" for c in name)
    return f"a-{letters}-{index + 1}"


def _url(path: str) -> str:
    return "file://" + quote(path if path.startswith("/") else f"/{path}")


def _stem(path: str) -> str:
    name = file_name(path)
    return name.rpartition(".")[0] or name
