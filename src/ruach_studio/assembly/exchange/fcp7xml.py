"""Turn a CanonicalEDL into Final Cut Pro 7 XML (xmeml 5), the way into Premiere Pro and DaVinci Resolve.

Track V1 is the programme, A1 and A2 its sound. Every angle lies whole on a track of its own above, every other sound on
one below, their clips disabled: an editor takes another angle by enabling it. Markers of the sequence carry each cut's
reason and confidence, and the chapters. The sequence starts at 01:00:00:00. Times are whole frames of the sequence. A
file is described where it first stands and named by its id after that, as the format asks for. A stretch whose drift would
come to more than half a frame carries the effect Time Remap; its in and out then count frames of the retimed clip, whose
first is the clip's first.
"""

from collections.abc import Iterable
from fractions import Fraction
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource
from ruach_studio.assembly.exchange.drift import drift_losses, needs_retiming, speed_of, warped_frame
from ruach_studio.assembly.exchange.pieces import (
    Piece,
    black_losses,
    chapter_frame,
    file_name,
    heard,
    jump_losses,
    one_hour,
    programme,
    rate_losses,
    shown_cuts,
    sync_losses,
    track_losses,
    whole,
)
from ruach_studio.assembly.exchange.xml_out import xml_text
from ruach_studio.kernel.timebase import FrameRate

VERSION = "5"
SAMPLE_RATE = 48_000


def write_fcp7xml(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (XML, what it could not hold). The same EDL gives the same text."""
    root = Element("xmeml", version=VERSION)
    writer = _Writer(edl)
    root.append(writer.sequence())
    text, changed = xml_text(root, doctype="xmeml")
    return text, tuple(_losses(edl, writer.pieces) + changed + track_losses(edl))


class _Writer:
    def __init__(self, edl: CanonicalEDL) -> None:
        self.edl, self.rate = edl, edl.fps
        self.files: dict[tuple[str, int], str] = {}
        self.pieces: list[Piece] = []

    def sequence(self) -> Element:
        edl = self.edl
        sequence = Element("sequence", id="programme")
        _text(sequence, "name", f"{edl.session_id} v{edl.version}")
        _text(sequence, "duration", edl.kept.frames)
        _rate(sequence, self.rate)
        hour, timecode = one_hour(self.rate), SubElement(sequence, "timecode")
        _rate(timecode, self.rate)
        _text(timecode, "string", self.rate.timecode(hour))
        _text(timecode, "frame", hour)
        _text(timecode, "displayformat", "DF" if self.rate.drop_frame else "NDF")
        media = SubElement(sequence, "media")
        self._video(SubElement(media, "video"))
        self._audio(SubElement(media, "audio"))
        for cut, start in shown_cuts(edl):
            self._marker(
                sequence, f"{cut.reason} {cut.confidence:.2f} ({cut.band})",
                "; ".join((*cut.reasons, f"note: {cut.note}") if cut.note else cut.reasons), start,
            )  # fmt: skip
        for chapter in edl.chapters:
            self._marker(sequence, str(chapter["title"]), "chapter", chapter_frame(edl, chapter))
        return sequence

    def _video(self, video: Element) -> None:
        master = next(clip for clip in self.edl.sources[self.edl.master_camera].clips if clip.fps is not None)
        shape = SubElement(SubElement(video, "format"), "samplecharacteristics")
        _rate(shape, self.rate)
        _text(shape, "width", master.width)
        _text(shape, "height", master.height)
        _text(shape, "pixelaspectratio", "square")
        _text(shape, "fielddominance", "none")
        self._track(video, programme(self.edl), "video", enabled=True)
        for camera in self.edl.sources:
            if self.edl.can_show(camera):
                self._track(video, whole(self.edl, camera), "video", enabled=False)

    def _audio(self, audio: Element) -> None:
        shape = SubElement(SubElement(audio, "format"), "samplecharacteristics")
        _text(shape, "depth", 16)
        _text(shape, "samplerate", SAMPLE_RATE)
        chosen = self.edl.programme_audio
        for channel in (1, 2):
            self._track(audio, heard(self.edl), "audio", enabled=True, channel=channel)
        for camera, source in self.edl.sources.items():
            if camera != chosen and any(clip.has_audio for clip in source.clips):
                self._track(audio, whole(self.edl, camera), "audio", enabled=False, channel=1)

    def _track(self, parent: Element, pieces: Iterable[Piece], kind: str, *, enabled: bool, channel: int = 0) -> None:
        track = SubElement(parent, "track")
        for piece in pieces:
            clip = piece.clip
            if clip is not None and (clip.has_audio if kind == "audio" else clip.fps is not None):
                self._item(track, piece, clip, kind, enabled=enabled, channel=channel)

    def _item(self, track: Element, piece: Piece, clip: ClipSource, kind: str, *, enabled: bool, channel: int) -> None:
        self.pieces.append(piece)
        retimed = needs_retiming(piece)
        first = warped_frame(self.edl, piece) if retimed else piece.local_frame
        item = SubElement(track, "clipitem", id=f"item-{len(self.pieces)}")
        _text(item, "name", f"{piece.camera} {file_name(clip.path)}")
        _text(item, "enabled", "TRUE" if enabled else "FALSE")
        _text(item, "duration", _frames(clip, self.rate, speed_of(clip) if retimed else Fraction(1)))
        _rate(item, self.rate)
        _text(item, "start", piece.start_frame)
        _text(item, "end", piece.end_frame_exclusive)
        _text(item, "in", first)
        _text(item, "out", first + piece.frames)
        self._file(item, piece, clip)
        if retimed:
            _time_remap(item, clip, kind)
        if kind == "audio":
            source = SubElement(item, "sourcetrack")
            _text(source, "mediatype", "audio")
            _text(source, "trackindex", channel)

    def _file(self, item: Element, piece: Piece, clip: ClipSource) -> None:
        key = (piece.camera, piece.index)
        known = key in self.files
        name = self.files.setdefault(key, f"file-{len(self.files) + 1}")
        file = SubElement(item, "file", id=name)
        if known:
            return
        _text(file, "name", file_name(clip.path))
        _text(file, "pathurl", "file://localhost" + quote(clip.path if clip.path.startswith("/") else f"/{clip.path}"))
        _rate(file, clip.fps or self.rate)
        _text(file, "duration", _frames(clip, clip.fps or self.rate))
        media = SubElement(file, "media")
        if clip.fps is not None:
            shape = SubElement(SubElement(media, "video"), "samplecharacteristics")
            _text(shape, "width", clip.width)
            _text(shape, "height", clip.height)
        if clip.has_audio:
            _text(SubElement(media, "audio"), "channelcount", 2)

    def _marker(self, sequence: Element, name: str, comment: str, frame: int) -> None:
        marker = SubElement(sequence, "marker")
        _text(marker, "name", name)
        _text(marker, "comment", comment)
        _text(marker, "in", frame)
        _text(marker, "out", -1)


def _rate(parent: Element, rate: FrameRate) -> None:
    element = SubElement(parent, "rate")
    _text(element, "timebase", rate.nominal)
    _text(element, "ntsc", "TRUE" if rate.value.denominator == 1001 else "FALSE")


def _time_remap(item: Element, clip: ClipSource, kind: str) -> None:
    effect = SubElement(SubElement(item, "filter"), "effect")
    for name, value in (("name", "Time Remap"), ("effectid", "timeremap"), ("effectcategory", "motion"),
                        ("effecttype", "motion"), ("mediatype", kind)):  # fmt: skip
        _text(effect, name, value)
    percent = f"{float(speed_of(clip) * 100):.6f}"
    for name, value in (("variablespeed", "0"), ("speed", percent), ("reverse", "FALSE"), ("frameblending", "FALSE")):
        parameter = SubElement(effect, "parameter")
        _text(parameter, "parameterid", name)
        _text(parameter, "name", name)
        _text(parameter, "value", value)


def _frames(clip: ClipSource, rate: FrameRate, speed: Fraction = Fraction(1)) -> int:
    whole_ms = Fraction(clip.duration_ms) + Fraction(3, 2)  # containers round to 1 ms
    return max(1, int(whole_ms / speed * rate.value / 1000))


def _text(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name).text = str(value)


def _losses(edl: CanonicalEDL, pieces: list[Piece]) -> list[str]:
    taken = "every file is taken to have two channels of sound; of one with more or fewer the tracks have to be set right"
    return [
        *sync_losses(edl), *drift_losses(edl, pieces, retimed=True), *rate_losses(edl), *black_losses(edl),
        *jump_losses(edl), taken,
    ]  # fmt: skip
