"""Turn FCPXML 1.10 or later, ours or exported again by an editing program, into shots of the programme, or refuse it.

The spine of the one project is read: mc-clips by the angle that gives their picture, asset-clips (a flattened multicam) by
their file. An angle is known by our id, else by its name, else by the file in it: a program may have given new ids. Where
the programme's frame 0 lies in the multicam clip is found from where its clips lie, so that an earlier camera that was added
or taken out does no harm. Every shot has to show its sources where sync puts them. Transitions, connected clips, effects and
split sound are left aside and named. Counterpart: `fcpxml.py`.
"""

from collections.abc import Iterator
from fractions import Fraction
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.exchange.fcpxml_media import angle_id
from ruach_studio.assembly.exchange.pieces import master_frame, own_frame
from ruach_studio.assembly.exchange.returned import (
    BadReturn,
    Chapter,
    Returned,
    Shot,
    at,
    camera_of_path,
    check_rate,
    check_slip,
    unknown,
)
from ruach_studio.assembly.exchange.xml_in import parse_xml
from ruach_studio.kernel.timebase import FrameRate

OLDEST = (1, 10)
REMEDY = "Export it again from the editing program as FCPXML."
WHOLE = Fraction(1, 50)  # of a frame: programs that write thousandths of a second miss it by less


def read_fcpxml(text: str, edl: CanonicalEDL) -> Returned:
    """Return the picture of the project. Raises BadReturn naming what cannot be taken back."""
    root = parse_xml(text, root="fcpxml")
    try:
        return _Reader(edl, root).read()
    except (KeyError, TypeError, ValueError, ArithmeticError, StopIteration) as wrong:
        raise BadReturn(f"a value is missing or has the wrong form ({wrong})", subject="file", remedy=REMEDY) from wrong


class _Reader:
    def __init__(self, edl: CanonicalEDL, root: Element) -> None:
        self.edl, self.root = edl, root
        self.resources = {each.get("id", ""): each for each in root.findall("resources/*")}
        self.aside: dict[str, int] = {}
        self.chapters: list[Chapter] = []
        self.origins: dict[str, Fraction] = {}

    def read(self) -> Returned:
        version = tuple(int(part) for part in self.root.get("version", "0").split("."))
        if version < OLDEST or version[0] != 1:
            raise BadReturn(f"it is FCPXML {self.root.get('version')}", subject="file",
                            remedy="Export it as version 1.10 or later.")  # fmt: skip
        sequence = self._sequence()
        check_rate(self.edl, self._rate(sequence.get("format", "")))
        zero = _seconds(sequence.get("tcStart", "0s"))
        shots, at_s = [], zero
        for item in sequence.findall("spine/*"):
            if item.tag == "transition":
                self._aside("transition")
                continue
            offset = _seconds(item.get("offset")) if item.get("offset") else at_s
            at_s = offset + _seconds(item.get("duration"))
            shots.append(self._shot(item, self._frame(offset - zero), self._frame(at_s - zero)))
        notices = [f"not taken over: {count} x {what}" for what, count in self.aside.items()]
        return Returned(tuple(shots), tuple(sorted(self.chapters, key=lambda c: c.frame)) or None, tuple(notices))

    def _sequence(self) -> Element:
        projects = list(self.root.iter("project"))
        if len(projects) != 1:
            names = ", ".join(str(each.get("name")) for each in projects)
            raise BadReturn(f"it holds {len(projects)} projects" + f" ({names})" * bool(names), subject="file",
                            remedy="Export the one project alone.")  # fmt: skip
        return next(projects[0].iter("sequence"))

    def _rate(self, name: str) -> FrameRate:
        return FrameRate.parse(1 / _seconds(self.resources[name].get("frameDuration")))

    def _shot(self, item: Element, start: int, end: int) -> Shot:
        if item.tag == "gap":
            return Shot(start, end, None)
        where = at(self.edl, start)
        if item.tag not in ("mc-clip", "asset-clip"):
            raise BadReturn(f"there is a {item.tag} at {where}, which is no angle of ours", subject="file",
                            remedy="Only cuts between the angles can come back; take it out or connect it.")  # fmt: skip
        if item.get("enabled", "1") == "0":
            raise BadReturn(f"the shot at {where} is disabled", subject="file", remedy="Enable it, or show another angle.")
        if item.find("timeMap") is not None:
            raise BadReturn(f"the shot at {where} is retimed", subject="file", remedy="Set it back to its own speed.")
        source = self.resources[item.get("ref", "")]
        local_s = _seconds(item.get("start", self._begins(source)))
        self._set_aside(item)
        if item.tag == "mc-clip":
            camera = self._mc_camera(item, source, where)
            shown = self.edl.fps.frame_at(local_s - _seconds(self._begins(source)) - self._origin(source))
            check_slip(self.edl, camera, start, shown - master_frame(self.edl, start))
        else:
            camera, index = self._file(source, where)
            shown = self.edl.fps.frame_at(local_s - _seconds(source.get("start", "0s")))
            check_slip(self.edl, camera, start, shown - own_frame(self.edl, camera, index, start))
        for mark in item.findall("chapter-marker"):
            frame = start + self.edl.fps.frame_at(_seconds(mark.get("start")) - local_s)
            if start <= frame < end:  # a program may leave the marks of the whole clip on each of its parts
                self.chapters.append(Chapter(frame, mark.get("value", "")))
        return Shot(start, end, camera)

    def _mc_camera(self, item: Element, media: Element, where: str) -> str:
        sources = item.findall("mc-source")
        shown = [each for each in sources if each.get("srcEnable", "all") in ("all", "video")]
        heard = [each for each in sources if each.get("srcEnable", "all") in ("all", "audio")]
        angles = media.findall("multicam/mc-angle")
        if not sources:  # the angle that comes first is shown
            shown = heard = angles[:1]
        if len(shown) != 1:
            raise BadReturn(f"the shot at {where} shows {len(shown)} angles", subject="file", remedy="Show one angle.")
        camera = self._angle(angles, shown[0].get("angleID", ""), where)
        sounds = [self._angle(angles, each.get("angleID", ""), where) for each in heard]
        if sounds != [self.edl.programme_audio or camera]:
            self._aside("shot with another sound than the programme's")
        return camera

    def _angle(self, angles: list[Element], wanted: str, where: str) -> str:
        angle = next((each for each in angles if each.get("angleID") == wanted), None)
        camera = self._named(angle) if angle is not None else None
        if camera is None:
            name = wanted if angle is None else angle.get("name", wanted)
            raise unknown(self.edl, f"the angle {name!r} at {where}")
        return camera

    def _named(self, angle: Element) -> str | None:
        """Return the camera of an angle: by our id, by its name, or by the files in it."""
        for name in self.edl.sources:
            if angle.get("angleID") == angle_id(self.edl, name):
                return name
        if angle.get("name") in self.edl.sources:
            return angle.get("name")
        found = {camera for camera, _, _ in self._files(angle)}
        return found.pop() if len(found) == 1 else None

    def _files(self, angle: Element) -> Iterator[tuple[str, int, Element]]:
        for item in angle.iter("asset-clip"):
            known = self._known(self.resources.get(item.get("ref", "")))
            if known is not None:
                yield (*known, item)

    def _known(self, asset: Element | None) -> tuple[str, int] | None:
        rep = None if asset is None else asset.find("media-rep")
        url = "" if asset is None else (rep.get("src") if rep is not None else asset.get("src")) or ""
        return camera_of_path(self.edl, unquote(urlsplit(url).path)) if url else None

    def _file(self, asset: Element, where: str) -> tuple[str, int]:
        found = self._known(asset)
        if found is None:
            raise unknown(self.edl, f"the file {asset.get('name')!r} at {where}")
        return found

    def _origin(self, media: Element) -> Fraction:
        """Return where the programme's frame 0 lies in the multicam clip, in seconds: from the first clip that is known."""
        key = media.get("id", "")
        if key not in self.origins:
            placed = (
                _seconds(item.get("offset", "0s")) - self.edl.fps.seconds(self.edl.fps.frame_at_ms(clip.begin_ms))
                for angle in media.findall("multicam/mc-angle")
                for camera, index, item in self._files(angle)
                for clip in [self.edl.sources[camera].clips[index]]
                if item.get("start", "0s") == self.resources[item.get("ref", "")].get("start", "0s")
            )
            self.origins[key] = next(placed)
        return self.origins[key]

    def _begins(self, source: Element) -> str:
        multicam = source.find("multicam")
        return (source.get("start") if multicam is None else multicam.get("tcStart")) or "0s"

    def _set_aside(self, item: Element) -> None:
        for child in item:
            if child.get("lane"):
                self._aside(f"connected {child.tag}")
            elif child.tag.startswith(("filter-", "adjust-")):
                self._aside(child.tag)
        if item.get("audioStart") or item.get("audioDuration"):
            self._aside("split of sound and picture")

    def _aside(self, what: str) -> None:
        self.aside[what] = self.aside.get(what, 0) + 1

    def _frame(self, seconds: Fraction) -> int:
        exact = seconds * self.edl.fps.value
        frame = self.edl.fps.frame_at(seconds)
        if abs(exact - frame) > WHOLE:
            raise BadReturn(f"an edit at {float(seconds):.3f} s lies on no frame", subject="file",
                            remedy="Edit and export it at the programme's rate.")  # fmt: skip
        return frame


def _seconds(text: str | None) -> Fraction:
    """Read '0s', '12s', '42042/30000s' or '1.5s'."""
    if text is None or not text.endswith("s"):
        raise ValueError(f"{text!r} is no time")
    return Fraction(text[:-1])
