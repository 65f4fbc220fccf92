"""Turn a CanonicalEDL into FCPXML 1.11 to 1.14: a multicam clip with one angle per source, cut in a project.

The programme is a spine of mc-clips, each naming the angle for picture and the one for sound, each with a marker that
carries confidence and reason, and a note where the operator wrote one. Unused angles stay in the multicam clip. Times are
exact multiples of the frame duration, NTSC included (1001/30000 s). Structure and order of elements and attributes follow
Apple's DTDs (`media-rep` is required there; the DTDs themselves are Apple's and not shipped). The versions differ, in what
is written here, by their number and the frame rates that they have names for. The resources are in `fcpxml_media.py`.
"""

from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from ruach_studio.assembly.edl import CanonicalEDL, Cut
from ruach_studio.assembly.exchange.fcpxml_media import MULTICAM, Media, angle_id, media_losses, seconds_text
from ruach_studio.assembly.exchange.pieces import sync_losses, track_losses
from ruach_studio.assembly.exchange.xml_out import xml_text

VERSIONS = ("1.11", "1.12", "1.13", "1.14")


def write_fcpxml(edl: CanonicalEDL, version: str = VERSIONS[0]) -> tuple[str, tuple[str, ...]]:
    """Return (FCPXML text, what it could not hold). The same EDL gives the same text."""
    root = Element("fcpxml", version=version)
    media = Media(edl, version)
    media.write(SubElement(root, "resources"))
    _project(SubElement(root, "library"), edl, media.shift)
    text, changed = xml_text(root, doctype="fcpxml")
    return text, tuple(sync_losses(edl) + media_losses(edl, version) + changed + track_losses(edl))


def _project(library: Element, edl: CanonicalEDL, shift: int) -> None:
    event = SubElement(library, "event", name=edl.session_id)
    project = SubElement(event, "project", name=f"{edl.session_id} v{edl.version}")
    sequence = SubElement(
        project, "sequence", format="r1", duration=seconds_text(edl.duration_frames, edl.fps), tcStart="0s",
        tcFormat="DF" if edl.fps.drop_frame else "NDF", audioLayout="stereo", audioRate="48k",
    )  # fmt: skip
    spine = SubElement(sequence, "spine")
    for number, cut in enumerate(edl.program, 1):
        _mc_clip(spine, edl, cut, number, shift)


def _mc_clip(spine: Element, edl: CanonicalEDL, cut: Cut, number: int, shift: int) -> None:
    rate, local = edl.fps, shift + cut.start_frame
    clip = SubElement(
        spine, "mc-clip", ref=MULTICAM, name=f"{number} {cut.camera}", offset=seconds_text(cut.start_frame, rate),
        start=seconds_text(local, rate), duration=seconds_text(cut.frames, rate),
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
    last = number == len(edl.program)
    for chapter in edl.chapters:
        frame = rate.frame_at_ms(Fraction(str(chapter["startMs"])))
        if cut.start_frame <= frame < cut.end_frame_exclusive or (last and frame >= cut.end_frame_exclusive):
            SubElement(
                clip, "chapter-marker", start=seconds_text(shift + min(frame, cut.end_frame_exclusive - 1), rate),
                duration=seconds_text(1, rate), value=str(chapter["title"]),
            )  # fmt: skip
