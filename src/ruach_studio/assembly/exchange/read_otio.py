"""Turn OpenTimelineIO JSON that an editing program wrote into shots of the programme, or refuse it by name.

The picture is what a viewer would see: the lowest video track, over it every enabled clip of the tracks above. A clip's
camera is that of its file (the same path, or the one clip with the same file name), else what `metadata.ruach` says. A clip
has to show its file where sync puts it, to a frame. Chapters are those markers of the timeline that carry
`metadata.ruach.chapter`. Counterpart: `otio.py`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.exchange.drift import speed_of
from ruach_studio.assembly.exchange.pieces import own_frame
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
from ruach_studio.kernel.timebase import FrameRate, round_half_up

KEY = "ruach"
REMEDY = "Export it again from the editing program as OpenTimelineIO (.otio)."
SPEED_TOLERANCE = Fraction(1, 100_000)
Node = Mapping[str, Any]


def read_otio(text: str, edl: CanonicalEDL) -> Returned:
    """Return what the timeline shows. Raises BadReturn naming what cannot be taken back."""
    try:
        timeline = json.loads(text)
        if not isinstance(timeline, dict) or not _is(timeline, "Timeline"):
            raise BadReturn("it is no OpenTimelineIO timeline", subject="file", remedy=REMEDY)
        return _Reader(edl).read(timeline)
    except json.JSONDecodeError as wrong:
        raise BadReturn(f"it is no JSON ({wrong.msg} in line {wrong.lineno})", subject="file", remedy=REMEDY) from wrong
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as wrong:
        raise BadReturn(f"a value is missing or has the wrong form ({wrong})", subject="file", remedy=REMEDY) from wrong


class _Reader:
    def __init__(self, edl: CanonicalEDL) -> None:
        self.edl = edl
        self.aside: list[str] = []

    def read(self, timeline: Node) -> Returned:
        stack = timeline["tracks"]
        tracks = [t for t in stack["children"] if _is(t, "Track") and t.get("kind") == "Video" and t.get("enabled", True)]
        if not tracks:
            raise BadReturn("it has no video track that is enabled", subject="file", remedy=REMEDY)
        shots = list(self._shots(tracks[0], lowest=True))
        for track in tracks[1:]:
            for shot in self._shots(track, lowest=False):
                shots = _over(shots, shot)
        marks = [(mark, _told(mark).get("chapter")) for mark in stack.get("markers") or ()]
        chapters = [
            Chapter(self._frame(mark["marked_range"]["start_time"]), str(mark["name"])) for mark, told in marks if told
        ]
        if other := sum(told is None for _, told in marks):
            self.aside.append(f"{other} markers of the timeline that are no chapters of ours are not taken over")
        return Returned(tuple(shots), tuple(chapters) or None, tuple(self.aside))

    def _shots(self, track: Node, *, lowest: bool) -> Iterator[Shot]:
        start = 0
        for item in track["children"]:
            if _is(item, "Transition"):
                self.aside.append(f"the transition at {at(self.edl, start)} is not taken over: a cut stands there")
                continue
            if not (_is(item, "Clip") or _is(item, "Gap")):
                raise BadReturn(
                    f"there is a {item.get('OTIO_SCHEMA')} at {at(self.edl, start)}, which is no clip", subject="file",
                    remedy="Flatten nested timelines before the export.",
                )  # fmt: skip
            end = start + self._frames(self._span(item)["duration"])
            told = _told(item)
            if _is(item, "Clip") and item.get("enabled", True):
                yield Shot(start, end, self._camera(item, start), str(told.get("cutId") or ""))
            elif lowest:
                yield Shot(start, end, None, str(told.get("cutId") or ""))
            start = end

    def _camera(self, item: Node, start: int) -> str:
        url = str(self._reference(item).get("target_url") or "")
        told = _told(item)
        found = camera_of_path(self.edl, unquote(urlsplit(url).path)) if url else None
        if found is None and told.get("camera") in self.edl.sources and isinstance(told.get("clip"), int):
            camera, index = str(told["camera"]), int(told["clip"]) - 1
            found = (camera, index) if 0 <= index < len(self.edl.sources[camera].clips) else None
        if found is None:
            raise unknown(self.edl, f"the file {url or item.get('name')!r} at {at(self.edl, start)}")
        camera, index = found
        clip = self.edl.sources[camera].clips[index]
        first = _seconds(self._span(item)["start_time"])
        available = self._reference(item).get("available_range")
        if available:
            first -= _seconds(available["start_time"])  # a file with a timecode of its own begins there
        self._check_speed(item, speed_of(clip), start)
        wanted = own_frame(self.edl, camera, index, start)
        check_slip(self.edl, camera, start, round_half_up(first * self.edl.fps.value) - wanted)
        return camera

    def _check_speed(self, item: Node, own: Fraction, start: int) -> None:
        effects: Sequence[Node] = item.get("effects") or ()
        for effect in effects:
            scalar = effect.get("time_scalar")
            if scalar is None:
                self.aside.append(f"the effect {effect.get('effect_name') or effect.get('name')!r} at {at(self.edl, start)} "
                                  "is not taken over")  # fmt: skip
            elif all(abs(Fraction(scalar) - speed) > SPEED_TOLERANCE for speed in (own, Fraction(1))):
                raise BadReturn(
                    f"the shot at {at(self.edl, start)} is played at {float(scalar):g} times its speed", subject="file",
                    remedy="Set it back to its own speed.",
                )  # fmt: skip

    def _span(self, item: Node) -> Node:
        span: Node | None = item.get("source_range") or self._reference(item).get("available_range")
        if span is None:
            raise ValueError(f"{item.get('name')!r} has no length")
        return span

    def _reference(self, item: Node) -> Node:
        known = item.get("media_references") or {}
        found = known.get(item.get("active_media_reference_key", "DEFAULT_MEDIA")) or item.get("media_reference")
        return found if isinstance(found, dict) else {}

    def _frames(self, time: Node) -> int:
        check_rate(self.edl, FrameRate.parse(time["rate"]))
        return self._frame(time)

    def _frame(self, time: Node) -> int:
        return self.edl.fps.frame_at(_seconds(time))


def _over(below: list[Shot], above: Shot) -> list[Shot]:
    """Return the shots with `above` lying over them; it changes nothing behind the last one."""
    low, high = above.start_frame, min(above.end_frame_exclusive, below[-1].end_frame_exclusive if below else 0)
    if high <= low:
        return below
    before = [Shot(s.start_frame, min(s.end_frame_exclusive, low), s.camera, s.hint) for s in below if s.start_frame < low]
    behind = [
        Shot(max(s.start_frame, high), s.end_frame_exclusive, s.camera, s.hint)
        for s in below
        if s.end_frame_exclusive > high
    ]
    return [*before, Shot(low, high, above.camera, above.hint), *behind]


def _is(node: Node, schema: str) -> bool:
    return str(node.get("OTIO_SCHEMA", "")).partition(".")[0] == schema


def _told(node: Node) -> Node:
    told = (node.get("metadata") or {}).get(KEY)
    return told if isinstance(told, dict) else {}


def _seconds(time: Node) -> Fraction:
    return Fraction(time["value"]) / FrameRate.parse(time["rate"]).value
