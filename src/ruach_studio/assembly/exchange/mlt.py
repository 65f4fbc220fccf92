"""Turn a CanonicalEDL into MLT XML, which Kdenlive and Shotcut build on and `melt` plays and renders.

One track of picture and one of sound play; under them lies every angle and every other sound whole, in its place and hidden,
so that an editor can take another. At the bottom lies black, for MLT shows white where no camera was on. A stretch whose
drift would come to more than half a frame is played by `timewarp` at the speed that mends it; its frames count from the
clip's first in the programme's time. A file is opened once for its picture and once for its sound. `avformat-novalidate`
reads no file when the project is opened, and so has to be told each length, or it takes a fraction of a second. Times are
frames of the programme; MLT itself puts a file of another rate onto them.
"""

from collections.abc import Iterable
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource
from ruach_studio.assembly.exchange.drift import drift_losses, needs_retiming, speed_of, warped_frame
from ruach_studio.assembly.exchange.pieces import Piece, black_losses, programme, sync_losses, track_losses, whole
from ruach_studio.assembly.exchange.xml_out import xml_text

PICTURE, SOUND = "picture", "sound"
_SILENT = {PICTURE: "audio_index", SOUND: "video_index"}


def write_mlt(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (MLT XML, what it could not hold). The same EDL gives the same text."""
    root = Element("mlt", {"LC_NUMERIC": "C", "title": f"{edl.session_id} v{edl.version}", "producer": "programme"})
    _profile(root, edl)
    writer = _Writer(edl)
    shown = programme(edl)
    writer.playlist("programme-picture", shown, PICTURE)
    writer.playlist("programme-sound", whole(edl, edl.programme_audio) if edl.programme_audio else shown, SOUND)
    kept = [(camera, PICTURE) for camera in edl.sources if edl.can_show(camera)] + [
        (camera, SOUND)
        for camera, source in edl.sources.items()
        if camera != edl.programme_audio and any(clip.has_audio for clip in source.clips)
    ]
    for number, (camera, kind) in enumerate(kept, 1):
        writer.playlist(f"angle-{number}", whole(edl, camera), kind)
    black = SubElement(root, "producer", {"id": "black", "in": "0", "out": str(edl.duration_frames - 1)})
    told = {"length": str(edl.duration_frames), "resource": "black", "mlt_service": "color", "mlt_image_format": "rgb"}
    for key, value in told.items():
        _property(black, key, value)
    root.extend((*writer.producers.values(), *writer.playlists))
    tractor = SubElement(root, "tractor", {"id": "programme", "in": "0", "out": str(edl.duration_frames - 1)})
    SubElement(tractor, "track", {"producer": "black", "hide": "audio"})
    for number, (camera, kind) in enumerate(kept, 1):
        track = SubElement(tractor, "track", {"producer": f"angle-{number}", "hide": "both"})
        _property(track, "ruach:camera", camera)
        _property(track, "ruach:kind", kind)
    SubElement(tractor, "track", {"producer": "programme-picture", "hide": "audio"})
    SubElement(tractor, "track", {"producer": "programme-sound", "hide": "video"})
    text, changed = xml_text(root)
    return text, tuple(_losses(edl, writer.pieces) + changed + track_losses(edl))


class _Writer:
    """Makes playlists, and a producer for every file, kind and speed that they ask for."""

    def __init__(self, edl: CanonicalEDL) -> None:
        self.edl = edl
        self.producers: dict[str, Element] = {}
        self.playlists: list[Element] = []
        self.pieces: list[Piece] = []

    def playlist(self, name: str, pieces: Iterable[Piece], kind: str) -> None:
        playlist = Element("playlist", {"id": name})
        self.playlists.append(playlist)
        for piece in pieces:
            clip = piece.clip
            if clip is None or not (clip.fps is not None if kind == PICTURE else clip.has_audio):
                SubElement(playlist, "blank", {"length": str(piece.frames)})
                continue
            self.pieces.append(piece)
            retimed = needs_retiming(piece)
            first = warped_frame(self.edl, piece) if retimed else piece.local_frame
            producer = self._producer(piece, clip, kind, retimed=retimed)
            last = first + piece.frames - 1
            SubElement(playlist, "entry", {"producer": producer, "in": str(first), "out": str(last)})

    def _producer(self, piece: Piece, clip: ClipSource, kind: str, *, retimed: bool) -> str:
        name = f"{piece.camera}-{piece.index + 1}-{kind}{'-retimed' if retimed else ''}"
        if name in self.producers:
            return name
        speed = speed_of(clip) if retimed else Fraction(1)
        frames = max(1, int(Fraction(clip.duration_ms) / speed * self.edl.fps.value / 1000) + 1)
        producer = Element("producer", {"id": name, "in": "0", "out": str(frames - 1)})
        told = {"length": str(frames), "resource": clip.path, "mlt_service": "avformat-novalidate"}
        if retimed:
            warp = f"{float(speed):.9f}"
            told |= {
                "resource": f"{warp}:{clip.path}",
                "mlt_service": "timewarp",
                "warp_speed": warp,
                "warp_resource": clip.path,
            }
            told["warp_pitch"] = "0"
        for key, value in {**told, _SILENT[kind]: "-1"}.items():
            _property(producer, key, value)
        self.producers[name] = producer
        return name


def _profile(root: Element, edl: CanonicalEDL) -> None:
    master = next(clip for clip in edl.sources[edl.master_camera].clips if clip.fps is not None)
    shape = Fraction(master.width, master.height)
    SubElement(root, "profile", {
        "description": "programme", "width": str(master.width), "height": str(master.height), "progressive": "1",
        "sample_aspect_num": "1", "sample_aspect_den": "1", "display_aspect_num": str(shape.numerator),
        "display_aspect_den": str(shape.denominator), "frame_rate_num": str(edl.fps.value.numerator),
        "frame_rate_den": str(edl.fps.value.denominator), "colorspace": "709",
    })  # fmt: skip


def _property(parent: Element, name: str, value: str) -> None:
    SubElement(parent, "property", {"name": name}).text = value


def _losses(edl: CanonicalEDL, pieces: list[Piece]) -> list[str]:
    losses = [*sync_losses(edl), *drift_losses(edl, pieces, retimed=True)]
    losses += black_losses(edl)
    losses.append("not carried: reason, confidence and note of each cut")
    if edl.chapters:
        losses.append(f"not carried: {len(edl.chapters)} chapters")
    return losses
