"""Turn a CanonicalEDL into MLT XML, which Shotcut opens and `melt` plays and renders.

One track of picture and one of sound play; under them lies every angle and every other sound whole, in its place and hidden,
so that an editor can take another. At the bottom lies black, for MLT shows white where no camera was on. A stretch whose
drift would come to more than half a frame is played by `timewarp` at the speed that mends it; its frames count from the
clip's first in the programme's time. A file is opened once for its picture and once for its sound. `avformat-novalidate`
reads no file when the project is opened, and so has to be told each length, or it takes a fraction of a second. Times are
frames of the programme; MLT itself puts a file of another rate onto them. Kdenlive asks for more: `kdenlive.py`.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource
from ruach_studio.assembly.exchange.drift import drift_losses, needs_retiming, speed_of, warped_frame
from ruach_studio.assembly.exchange.pieces import (
    Piece,
    black_losses,
    heard,
    jump_losses,
    programme,
    sync_losses,
    track_losses,
    whole,
)
from ruach_studio.assembly.exchange.xml_out import xml_text

PICTURE, SOUND = "picture", "sound"
SILENT = {PICTURE: ("audio_index", "-1"), SOUND: ("video_index", "-1")}


def write_mlt(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (MLT XML, what it could not hold). The same EDL gives the same text."""
    root = Element("mlt", {"LC_NUMERIC": "C", "title": f"{edl.session_id} v{edl.version}", "producer": "programme"})
    profile(root, edl)
    writer = MltWriter(edl)
    writer.playlist("programme-picture", programme(edl), PICTURE)
    writer.playlist("programme-sound", heard(edl), SOUND)
    kept = kept_tracks(edl)
    for number, (camera, kind) in enumerate(kept, 1):
        writer.playlist(f"angle-{number}", whole(edl, camera), kind)
    add_black(root, edl, "black")
    root.extend((*writer.producers.values(), *writer.playlists))
    tractor = SubElement(root, "tractor", {"id": "programme", "in": "0", "out": str(edl.kept.frames - 1)})
    SubElement(tractor, "track", {"producer": "black", "hide": "audio"})
    for number, (camera, kind) in enumerate(kept, 1):
        track = SubElement(tractor, "track", {"producer": f"angle-{number}", "hide": "both"})
        add_property(track, "ruach:camera", camera)
        add_property(track, "ruach:kind", kind)
    SubElement(tractor, "track", {"producer": "programme-picture", "hide": "audio"})
    SubElement(tractor, "track", {"producer": "programme-sound", "hide": "video"})
    text, changed = xml_text(root)
    return text, tuple(mlt_losses(edl, writer.pieces) + _unsaid(edl) + changed + track_losses(edl))


class MltWriter:
    """Makes playlists, and a producer for every file, kind and speed that they ask for.

    `told`: properties for the producers of a file, by (camera, number of its clip); `silent`: the property by which a
    producer of picture gives no sound, and one of sound no picture.
    """

    def __init__(
        self, edl: CanonicalEDL, *, told: Mapping[tuple[str, int], Mapping[str, str]] | None = None,
        silent: Mapping[str, tuple[str, str]] = SILENT,
    ) -> None:  # fmt: skip
        """Take the EDL to write."""
        self.edl, self.told, self.silent = edl, told or {}, silent
        self.producers: dict[str, Element] = {}
        self.playlists: list[Element] = []
        self.pieces: list[Piece] = []

    def playlist(self, name: str, pieces: Iterable[Piece], kind: str) -> None:
        """Add a playlist of the pieces, blank where there is nothing of this kind."""
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
        told |= self.told.get((piece.camera, piece.index), {})
        told[self.silent[kind][0]] = self.silent[kind][1]
        for key, value in told.items():
            add_property(producer, key, value)
        self.producers[name] = producer
        return name


def profile(root: Element, edl: CanonicalEDL) -> None:
    """Add the profile: the master camera's size, the programme's rate."""
    master = next(clip for clip in edl.sources[edl.master_camera].clips if clip.fps is not None)
    shape = Fraction(master.width, master.height)
    SubElement(root, "profile", {
        "description": "programme", "width": str(master.width), "height": str(master.height), "progressive": "1",
        "sample_aspect_num": "1", "sample_aspect_den": "1", "display_aspect_num": str(shape.numerator),
        "display_aspect_den": str(shape.denominator), "frame_rate_num": str(edl.fps.value.numerator),
        "frame_rate_den": str(edl.fps.value.denominator), "colorspace": "709",
    })  # fmt: skip


def add_property(parent: Element, name: str, value: str) -> None:
    """Add a property."""
    SubElement(parent, "property", {"name": name}).text = value


def add_black(root: Element, edl: CanonicalEDL, name: str) -> None:
    """Add the producer that lies at the bottom."""
    black = SubElement(root, "producer", {"id": name, "in": "0", "out": str(edl.kept.frames - 1)})
    told = {"length": str(edl.kept.frames), "resource": "black", "mlt_service": "color", "mlt_image_format": "rgb"}
    for key, value in told.items():
        add_property(black, key, value)


def kept_tracks(edl: CanonicalEDL) -> list[tuple[str, str]]:
    """Return what is kept beside the programme: the picture of every angle, and every sound but the programme's."""
    sounds = [
        camera
        for camera, source in edl.sources.items()
        if camera != edl.programme_audio and any(clip.has_audio for clip in source.clips)
    ]
    return [(camera, PICTURE) for camera in edl.sources if edl.can_show(camera)] + [(camera, SOUND) for camera in sounds]


def mlt_losses(edl: CanonicalEDL, pieces: list[Piece]) -> list[str]:
    """Return what whole frames and holes cost."""
    return [*sync_losses(edl), *drift_losses(edl, pieces, retimed=True), *black_losses(edl), *jump_losses(edl)]


def _unsaid(edl: CanonicalEDL) -> list[str]:
    chapters = [f"not carried: {len(edl.chapters)} chapters"] * bool(edl.chapters)
    return [
        "not carried: reason, confidence and note of each cut", *chapters,
        "not carried: what Kdenlive asks of a project of its own; use the format kdenlive for it",
    ]  # fmt: skip
