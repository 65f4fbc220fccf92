"""Turn a CanonicalEDL into a project of Kdenlive: MLT XML with what Kdenlive needs to open it as its own.

That is: a list `main_bin` that holds every file under a number (`kdenlive:id`) and the project's properties; that number on
every producer of a file; black at the bottom; each track a tractor of two playlists, tracks of sound first. The programme is
the uppermost track of picture; angles and other sounds lie on tracks of their own, switched off. Guides carry each cut's
confidence, reason and note, and the chapters. Document version 1.04 is that of Kdenlive 22.12, which opened it as it should
be and saved the same cuts. Counterpart: `mlt.py`.
"""

import json
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.exchange.mlt import (
    PICTURE,
    SOUND,
    MltWriter,
    add_black,
    add_property,
    kept_tracks,
    mlt_losses,
    profile,
)
from ruach_studio.assembly.exchange.pieces import chapter_frame, file_name, heard, programme, shown_cuts, track_losses, whole
from ruach_studio.assembly.exchange.xml_out import xml_text
from ruach_studio.kernel.hashing import uuid5

DOCUMENT_VERSION = "1.04"
FIRST_ID = 2  # 1 is the number of the bin's own folder
SILENT = {PICTURE: ("set.test_audio", "1"), SOUND: ("set.test_image", "1")}
GUIDE_COLOURS = {"high": 3, "medium": 4, "low": 8}  # Kdenlive's categories: green, yellow, red
CHAPTER_COLOUR = 1  # blue


def write_kdenlive(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (the project's XML, what it could not hold). The same EDL gives the same text."""
    root = Element("mlt", {"LC_NUMERIC": "C", "producer": "main_bin", "version": "7.12.0"})
    profile(root, edl)
    files = [(camera, i, clip) for camera, source in edl.sources.items() for i, clip in enumerate(source.clips)]
    numbers = {(camera, i): {"kdenlive:id": str(FIRST_ID + n)} for n, (camera, i, _) in enumerate(files)}
    writer = MltWriter(edl, told=numbers, silent=SILENT)
    kept, shown = kept_tracks(edl), programme(edl)
    sounds = [(f"Sound {camera}", whole(edl, camera), False) for camera, kind in kept if kind == SOUND]
    angles = [(f"Angle {camera}", whole(edl, camera), False) for camera, kind in kept if kind == PICTURE]
    tracks = [(*each, SOUND) for each in [*sounds, ("Programme sound", heard(edl), True)]]
    tracks += [(*each, PICTURE) for each in [*angles, ("Programme", shown, True)]]
    for number, (_, pieces, _, kind) in enumerate(tracks):
        writer.playlist(f"playlist{2 * number}", pieces, kind)
        writer.playlist(f"playlist{2 * number + 1}", (), kind)
    entries = [_bin_clip(root, edl, camera, i) for camera, i, _ in files]
    _main_bin(root, edl, entries)
    add_black(root, edl, "black_track")
    root.extend((*writer.producers.values(), *writer.playlists))
    last = str(edl.kept.frames - 1)
    for number, (name, _, on, kind) in enumerate(tracks):
        _track(root, number, name, kind, last, on=on)
    main = SubElement(root, "tractor", {"id": "maintractor", "global_feed": "1", "in": "0", "out": last})
    SubElement(main, "track", {"producer": "black_track"})
    for number in range(len(tracks)):
        SubElement(main, "track", {"producer": f"tractor{number}"})
    text, changed = xml_text(root)
    return text, tuple(mlt_losses(edl, writer.pieces) + changed + track_losses(edl))


def _bin_clip(root: Element, edl: CanonicalEDL, camera: str, index: int) -> tuple[str, str]:
    """Add the whole file as the bin holds it; return its name and last frame."""
    clip = edl.sources[camera].clips[index]
    frames = max(1, int(Fraction(clip.duration_ms) * edl.fps.value / 1000) + 1)
    files = [(name, i) for name, source in edl.sources.items() for i, _ in enumerate(source.clips)]
    number = FIRST_ID + files.index((camera, index))
    name = f"bin{number}"
    producer = SubElement(root, "producer", {"id": name, "in": "0", "out": str(frames - 1)})
    kind = "0" if clip.fps is not None and clip.has_audio else "2" if clip.fps is not None else "1"
    for key, value in {
        "length": str(frames), "resource": clip.path, "mlt_service": "avformat-novalidate", "kdenlive:id": str(number),
        "kdenlive:clipname": f"{camera} {file_name(clip.path)}", "kdenlive:folderid": "-1", "kdenlive:clip_type": kind,
        "kdenlive:duration": str(frames),
    }.items():  # fmt: skip
        add_property(producer, key, value)
    return name, str(frames - 1)


def _main_bin(root: Element, edl: CanonicalEDL, entries: list[tuple[str, str]]) -> None:
    bin_ = SubElement(root, "playlist", {"id": "main_bin"})
    told = {
        "version": DOCUMENT_VERSION, "kdenliveversion": "22.12.3", "profile": "", "enableproxy": "0", "generateproxy": "0",
        "guides": json.dumps(_guides(edl)), "uuid": f"{{{uuid5(f'{edl.session_id}:kdenlive:{edl.version}')}}}",
    }  # fmt: skip
    for key, value in told.items():
        add_property(bin_, f"kdenlive:docproperties.{key}", value)
    add_property(bin_, "xml_retain", "1")
    for name, last in entries:
        SubElement(bin_, "entry", {"producer": name, "in": "0", "out": last})


def _guides(edl: CanonicalEDL) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for cut, start in shown_cuts(edl):
        said = "; ".join((*cut.reasons, f"note: {cut.note}") if cut.note else cut.reasons)
        text = f"{cut.camera}: {cut.reason} {cut.confidence:.2f} ({cut.band}) {said}"
        found.append({"comment": text, "pos": start, "type": GUIDE_COLOURS[cut.band]})
    taken = {start: n for n, (_, start) in enumerate(shown_cuts(edl))}
    for chapter in edl.chapters:
        frame = chapter_frame(edl, chapter)
        title = f"chapter: {chapter['title']}"
        if frame in taken:  # one guide a frame
            guide = found[taken[frame]]
            found[taken[frame]] = {**guide, "comment": f"{title}; {guide['comment']}", "type": CHAPTER_COLOUR}
        else:
            taken[frame] = len(found)
            found.append({"comment": title, "pos": frame, "type": CHAPTER_COLOUR})
    return found


def _track(root: Element, number: int, name: str, kind: str, last: str, *, on: bool) -> None:
    tractor = SubElement(root, "tractor", {"id": f"tractor{number}", "in": "0", "out": last})
    if kind == SOUND:
        add_property(tractor, "kdenlive:audio_track", "1")
    add_property(tractor, "kdenlive:track_name", name)
    add_property(tractor, "kdenlive:timeline_active", "1")
    for playlist in (2 * number, 2 * number + 1):
        hide = "both" if not on else "video" if kind == SOUND else "audio"  # Kdenlive reads it here, not in the main tractor
        SubElement(tractor, "track", {"hide": hide, "producer": f"playlist{playlist}"})
