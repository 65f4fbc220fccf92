"""Turn a CanonicalEDL into MLT XML, which Kdenlive and Shotcut build on and `melt` plays and renders.

One track of picture and one of sound play; under them lies every angle whole, in its place and hidden, so that an editor can
take another. A file is opened once for its picture and once for its sound. `avformat-novalidate` reads no file when the
project is opened, and so has to be told each length, or it takes a fraction of a second. Times are frames of the programme;
MLT itself puts a file of another rate onto them.
"""

from collections.abc import Iterable
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource
from ruach_studio.assembly.exchange.pieces import Piece, pieces_of, timing_losses, track_losses

PICTURE, SOUND = "picture", "sound"
_SILENT = {PICTURE: "audio_index", SOUND: "video_index"}


def write_mlt(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (MLT XML, what it could not hold). The same EDL gives the same text."""
    root = Element("mlt", {"LC_NUMERIC": "C", "title": f"{edl.session_id} v{edl.version}", "producer": "programme"})
    _profile(root, edl)
    for camera, source in edl.sources.items():
        for index, clip in enumerate(source.clips):
            for kind in (PICTURE, SOUND):
                if clip.fps is not None if kind == PICTURE else clip.has_audio:
                    _producer(root, edl, _name(camera, index, kind), clip, kind)
    cuts = [pieces_of(edl, cut.camera, cut.start_frame, cut.end_frame_exclusive) for cut in edl.program]
    heard = [pieces_of(edl, edl.programme_audio, 0, edl.duration_frames)] if edl.programme_audio else cuts
    _playlist(root, "programme-picture", cuts, PICTURE)
    _playlist(root, "programme-sound", heard, SOUND)
    angles = [camera for camera in edl.sources if edl.can_show(camera)]
    for number, camera in enumerate(angles, 1):
        _playlist(root, f"angle-{number}", [pieces_of(edl, camera, 0, edl.duration_frames)], PICTURE)
    tractor = SubElement(root, "tractor", {"id": "programme", "in": "0", "out": str(edl.duration_frames - 1)})
    for number, camera in enumerate(angles, 1):
        track = SubElement(tractor, "track", {"producer": f"angle-{number}", "hide": "both"})
        _property(track, "ruach:camera", camera)
    SubElement(tractor, "track", {"producer": "programme-picture", "hide": "audio"})
    SubElement(tractor, "track", {"producer": "programme-sound", "hide": "video"})
    indent(root, "  ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n", tuple(_losses(edl))


def _profile(root: Element, edl: CanonicalEDL) -> None:
    master = next(clip for clip in edl.sources[edl.master_camera].clips if clip.fps is not None)
    shape = Fraction(master.width, master.height)
    SubElement(root, "profile", {
        "description": "programme", "width": str(master.width), "height": str(master.height), "progressive": "1",
        "sample_aspect_num": "1", "sample_aspect_den": "1", "display_aspect_num": str(shape.numerator),
        "display_aspect_den": str(shape.denominator), "frame_rate_num": str(edl.fps.value.numerator),
        "frame_rate_den": str(edl.fps.value.denominator), "colorspace": "709",
    })  # fmt: skip


def _producer(root: Element, edl: CanonicalEDL, name: str, clip: ClipSource, kind: str) -> None:
    frames = max(1, int(Fraction(clip.duration_ms) * edl.fps.value / 1000) + 1)
    producer = SubElement(root, "producer", {"id": name, "in": "0", "out": str(frames - 1)})
    told = {"length": str(frames), "resource": clip.path, "mlt_service": "avformat-novalidate", _SILENT[kind]: "-1"}
    for key, value in told.items():
        _property(producer, key, value)


def _playlist(root: Element, name: str, parts: Iterable[Iterable[Piece]], kind: str) -> None:
    playlist = SubElement(root, "playlist", {"id": name})
    for piece in (each for part in parts for each in part):
        plays = piece.clip is not None and (piece.clip.fps is not None if kind == PICTURE else piece.clip.has_audio)
        if plays:
            first, last = piece.local_frame, piece.local_frame + piece.frames - 1
            producer = _name(piece.camera, piece.index, kind)
            SubElement(playlist, "entry", {"producer": producer, "in": str(first), "out": str(last)})
        else:
            SubElement(playlist, "blank", {"length": str(piece.frames)})


def _property(parent: Element, name: str, value: str) -> None:
    SubElement(parent, "property", {"name": name}).text = value


def _name(camera: str, index: int, kind: str) -> str:
    return f"{camera}-{index + 1}-{kind}"


def _losses(edl: CanonicalEDL) -> list[str]:
    losses = [*timing_losses(edl), "not carried: reason, confidence and note of each cut"]
    if edl.chapters:
        losses.append(f"not carried: {len(edl.chapters)} chapters")
    return losses + track_losses(edl)
