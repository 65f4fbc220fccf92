"""Turn a CanonicalEDL into FCPXML 1.11: a multicam clip with one angle per source, cut in a project.

Every angle is a timeline that starts at the earliest recording; a clip lies where it started (offset = shift + its
start on the master timeline) and plays from its own beginning. The programme is a spine of mc-clips, each naming the
angle for picture and the one for sound, each with a marker that carries confidence and reason. Times are exact
multiples of the frame duration, NTSC included (1001/30000 s). Structure and order of elements and attributes follow
Apple's DTD 1.11 (`media-rep` is required there; the DTD itself is Apple's and not shipped). Local time of a clip runs
from 0, so an asset's start is 0.
"""

from fractions import Fraction
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut, Source
from ruach_studio.assembly.exchange.pieces import timing_losses, track_losses
from ruach_studio.kernel.hashing import uuid5
from ruach_studio.kernel.timebase import FrameRate

VERSION = "1.11"
ROUNDING_MS = Fraction(3, 2)  # containers round durations to milliseconds
_CONFORM = {
    Fraction(24000, 1001): "23.98", Fraction(24): "24", Fraction(25): "25", Fraction(30000, 1001): "29.97",
    Fraction(30): "30", Fraction(48): "48", Fraction(50): "50", Fraction(60000, 1001): "59.94", Fraction(60): "60",
}  # fmt: skip


def write_fcpxml(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (FCPXML text, what it could not hold). The same EDL gives the same text."""
    return _Writer(edl).text(), tuple(_losses(edl))


def seconds_text(frames: int, rate: FrameRate) -> str:
    """Return `frames` as FCPXML writes time: '0s', '12s' or '42042/30000s', always a multiple of the frame duration."""
    numerator, denominator = frames * rate.value.denominator, rate.value.numerator
    if numerator % denominator == 0:
        return f"{numerator // denominator}s"
    return f"{numerator}/{denominator}s"


class _Writer:
    def __init__(self, edl: CanonicalEDL) -> None:
        self.edl = edl
        self.rate = edl.fps
        earliest = min((_start(clip, self.rate) for source in edl.sources.values() for clip in source.clips), default=0)
        # An angle's timeline cannot begin before 0: everything moves by the earliest start.
        self.shift = max(0, -earliest)

    def text(self) -> str:
        root = Element("fcpxml", version=VERSION)
        resources = SubElement(root, "resources")
        formats = self._formats(resources)
        assets = {
            (name, i): self._asset(resources, name, source, i, formats)
            for name, source in self.edl.sources.items()
            for i in range(len(source.clips))
        }
        self._multicam(resources, assets, formats)
        self._project(SubElement(root, "library"))
        indent(root, "  ")
        return '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n' + tostring(root, encoding="unicode") + "\n"

    def _formats(self, resources: Element) -> dict[tuple[FrameRate, int, int], str]:
        master = next(c for c in self.edl.sources[self.edl.master_camera].clips if c.fps is not None)
        kinds = [(self.rate, master.width, master.height)]
        for source in self.edl.sources.values():
            kinds += [(clip.fps, clip.width, clip.height) for clip in source.clips if clip.fps is not None]
        names: dict[tuple[FrameRate, int, int], str] = {}
        for rate, width, height in kinds:
            if (rate, width, height) not in names:
                names[rate, width, height] = f"r{len(names) + 1}"
                size = {"frameDuration": seconds_text(1, rate), "width": str(width), "height": str(height)}
                SubElement(resources, "format", {"id": names[rate, width, height], **size})
        return names

    def _asset(
        self, resources: Element, name: str, source: Source, index: int, formats: dict[tuple[FrameRate, int, int], str]
    ) -> str:
        clip = source.clips[index]
        asset_id = f"{_xml_id(name)}-{index + 1}"
        rate = clip.fps or self.rate
        asset = SubElement(
            resources, "asset", id=asset_id, name=_stem(clip.path), uid=uuid5(f"{source.asset_id}:{clip.path}"),
            start="0s", duration=seconds_text(_length(clip, rate), rate),
        )  # fmt: skip
        if clip.fps is not None:
            asset.attrib |= {"hasVideo": "1", "format": formats[clip.fps, clip.width, clip.height], "videoSources": "1"}
        if clip.has_audio:
            asset.attrib |= {"hasAudio": "1", "audioSources": "1"}
        SubElement(asset, "media-rep", kind="original-media", src=_url(clip.path))
        return asset_id

    def _multicam(
        self, resources: Element, assets: dict[tuple[str, int], str], formats: dict[tuple[FrameRate, int, int], str]
    ) -> None:
        media = SubElement(
            resources, "media", id="multicam", name=self.edl.session_id, uid=uuid5(f"{self.edl.session_id}:multicam")
        )
        multicam = SubElement(media, "multicam", format="r1", tcStart="0s", tcFormat=_tc_format(self.rate))
        for name, source in self.edl.sources.items():
            angle = SubElement(multicam, "mc-angle", name=name, angleID=_angle_id(self.edl, name))
            at = 0
            for index, clip in enumerate(source.clips):
                start = max(self.shift + _start(clip, self.rate), at)
                if start > at:
                    SubElement(
                        angle, "gap", name="Gap", offset=seconds_text(at, self.rate), start="0s",
                        duration=seconds_text(start - at, self.rate),
                    )  # fmt: skip
                frames = max(1, _length(clip, self.rate))
                placed = SubElement(
                    angle, "asset-clip", ref=assets[name, index], name=_stem(clip.path),
                    offset=seconds_text(start, self.rate), start="0s", duration=seconds_text(frames, self.rate),
                )  # fmt: skip
                if clip.fps is not None:
                    placed.set("format", formats[clip.fps, clip.width, clip.height])
                    if clip.fps != self.rate and clip.fps.value in _CONFORM:
                        SubElement(placed, "conform-rate", scaleEnabled="0", srcFrameRate=_CONFORM[clip.fps.value])
                at = start + frames

    def _project(self, library: Element) -> None:
        event = SubElement(library, "event", name=self.edl.session_id)
        project = SubElement(event, "project", name=f"{self.edl.session_id} v{self.edl.version}")
        sequence = SubElement(
            project, "sequence", format="r1", duration=seconds_text(self.edl.duration_frames, self.rate), tcStart="0s",
            tcFormat=_tc_format(self.rate), audioLayout="stereo", audioRate="48k",
        )  # fmt: skip
        spine = SubElement(sequence, "spine")
        for number, cut in enumerate(self.edl.program, 1):
            self._mc_clip(spine, cut, number, last=number == len(self.edl.program))

    def _mc_clip(self, spine: Element, cut: Cut, number: int, *, last: bool) -> None:
        local = self.shift + cut.start_frame
        clip = SubElement(
            spine, "mc-clip", ref="multicam", name=f"{number} {cut.camera}", offset=seconds_text(cut.start_frame, self.rate),
            start=seconds_text(local, self.rate), duration=seconds_text(cut.frames, self.rate),
        )  # fmt: skip
        sound = self.edl.programme_audio or cut.camera
        if sound == cut.camera:
            SubElement(clip, "mc-source", angleID=_angle_id(self.edl, cut.camera), srcEnable="all")
        else:
            SubElement(clip, "mc-source", angleID=_angle_id(self.edl, cut.camera), srcEnable="video")
            SubElement(clip, "mc-source", angleID=_angle_id(self.edl, sound), srcEnable="audio")
        SubElement(
            clip, "marker", start=seconds_text(local, self.rate), duration=seconds_text(1, self.rate),
            value=f"{cut.reason} {cut.confidence:.2f} ({cut.band})", note="; ".join(cut.reasons),
        )  # fmt: skip

        for chapter in self.edl.chapters:
            frame = self.rate.frame_at_ms(Fraction(str(chapter["startMs"])))
            if cut.start_frame <= frame < cut.end_frame_exclusive or (last and frame >= cut.end_frame_exclusive):
                SubElement(
                    clip,
                    "chapter-marker",
                    start=seconds_text(self.shift + min(frame, cut.end_frame_exclusive - 1), self.rate),
                    duration=seconds_text(1, self.rate),
                    value=str(chapter["title"]),
                )


def _start(clip: ClipSource, rate: FrameRate) -> int:
    return rate.frame_at_ms(clip.offset_ms)


def _length(clip: ClipSource, rate: FrameRate) -> int:
    """Return the whole frames in the clip; what a container's rounded duration lacks of a frame does not count."""
    return max(1, int((Fraction(clip.duration_ms) + ROUNDING_MS) * rate.value / 1000))


def _losses(edl: CanonicalEDL) -> list[str]:
    losses = timing_losses(edl)
    for name, source in edl.sources.items():
        for clip in source.clips:
            if clip.fps is not None and clip.fps != edl.fps and clip.fps.value not in _CONFORM:
                losses.append(f"{name}: a rate of {clip.fps} frames per second has no name in FCPXML")
    return losses + track_losses(edl)


def _angle_id(edl: CanonicalEDL, name: str) -> str:
    return uuid5(f"{edl.session_id}:angle:{name}")


def _xml_id(name: str) -> str:
    """Return a valid XML ID; the session allows any camera name, so what an ID cannot hold becomes its hex code."""
    return "a-" + "".join(c if c.isascii() and (c.isalnum() or c in "-.") else f"_{ord(c):x}_" for c in name)


def _tc_format(rate: FrameRate) -> str:
    return "DF" if rate.drop_frame else "NDF"


def _url(path: str) -> str:
    return "file://" + quote(path if path.startswith("/") else f"/{path}")


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    name = _file_name(path)
    return name.rpartition(".")[0] or name
