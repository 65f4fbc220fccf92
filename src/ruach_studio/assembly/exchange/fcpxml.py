"""Turn a CanonicalEDL into FCPXML 1.11 to 1.14: a multicam clip with one angle per source, cut in a project.

The programme is a spine of mc-clips, each naming the angle for picture and the one for sound, each with a marker that
carries confidence and reason, and a note where the operator wrote one. Unused angles stay in the multicam clip. Times are
exact multiples of the frame duration, NTSC included (1001/30000 s). Structure and order of elements and attributes follow
Apple's DTDs (`media-rep` is required there; the DTDs themselves are Apple's and not shipped). The versions differ, in what
is written here, by their number and the frame rates that they have names for. The resources are in `fcpxml_media.py`.
"""

from xml.etree.ElementTree import Element, SubElement

from ruach_studio.assembly.edl import CanonicalEDL, Cut
from ruach_studio.assembly.exchange.fcpxml_media import MULTICAM, Media, angle_id, media_losses, seconds_text
from ruach_studio.assembly.exchange.pieces import chapter_frame, jump_losses, split_losses, sync_losses, track_losses
from ruach_studio.assembly.exchange.xml_out import xml_text

VERSIONS = ("1.11", "1.12", "1.13", "1.14")


def write_fcpxml(edl: CanonicalEDL, version: str = VERSIONS[0]) -> tuple[str, tuple[str, ...]]:
    """Return (FCPXML text, what it could not hold). The same EDL gives the same text."""
    root = Element("fcpxml", version=version)
    media = Media(edl, version)
    media.write(SubElement(root, "resources"))
    _project(SubElement(root, "library"), edl, media.shift)
    text, changed = xml_text(root, doctype="fcpxml")
    losses = sync_losses(edl) + media_losses(edl, version) + jump_losses(edl) + split_losses(edl)
    return text, tuple(losses + changed + track_losses(edl))


def _project(library: Element, edl: CanonicalEDL, shift: int) -> None:
    event = SubElement(library, "event", name=edl.session_id)
    project = SubElement(event, "project", name=f"{edl.session_id} v{edl.version}")
    sequence = SubElement(
        project, "sequence", format="r1", duration=seconds_text(edl.kept.frames, edl.fps), tcStart="0s",
        tcFormat="DF" if edl.fps.drop_frame else "NDF", audioLayout="stereo", audioRate="48k",
    )  # fmt: skip
    spine = SubElement(sequence, "spine")
    number, chapters = 0, [(chapter_frame(edl, chapter), str(chapter["title"])) for chapter in edl.chapters]
    kept = edl.kept
    for cut in edl.program:
        for low, high, first in kept.parts(cut.start_frame, cut.end_frame_exclusive):
            number += 1
            end = first + high - low
            marks = [(at, title) for at, title in chapters if first <= at < end or (end == kept.frames and at >= end)]
            clip = _mc_clip(spine, edl, cut, number, shift + low, first, high - low)
            for at, title in marks:
                SubElement(
                    clip, "chapter-marker", start=seconds_text(shift + low + min(at, end - 1) - first, edl.fps),
                    duration=seconds_text(1, edl.fps), value=title,
                )  # fmt: skip


def _mc_clip(spine: Element, edl: CanonicalEDL, cut: Cut, number: int, local: int, at: int, frames: int) -> Element:
    """Add `frames` of a cut at frame `at` of the sequence, from frame `local` of the multicam clip on."""
    rate = edl.fps
    clip = SubElement(
        spine, "mc-clip", ref=MULTICAM, name=f"{number} {cut.camera}", offset=seconds_text(at, rate),
        start=seconds_text(local, rate), duration=seconds_text(frames, rate),
    )  # fmt: skip
    if cut.note:
        SubElement(clip, "note").text = cut.note
    sound = edl.programme_audio or cut.camera
    if sound == cut.camera:
        SubElement(clip, "mc-source", angleID=angle_id(edl, cut.camera), srcEnable="all")
    else:
        SubElement(clip, "mc-source", angleID=angle_id(edl, cut.camera), srcEnable="video")
        SubElement(clip, "mc-source", angleID=angle_id(edl, sound), srcEnable="audio")
    SubElement(
        clip, "marker", start=seconds_text(local, rate), duration=seconds_text(1, rate),
        value=f"{cut.reason} {cut.confidence:.2f} ({cut.band})", note="; ".join(cut.reasons),
    )  # fmt: skip
    return clip
