"""Turn a CanonicalEDL into OpenTimelineIO JSON (.otio), which Resolve, Nuke, RV and many tools open and adapters convert.

Track 1 is the programme. Above it every camera has a track of its own, whole and in its place, its clips disabled: an editor
takes another angle by enabling a part of it. The programme's sound plays; every other sound lies on a disabled track. Each
cut carries a marker (green, yellow, red by confidence) with reason and numbers; chapters are markers of the timeline. Under
`metadata.ruach` stands all that OpenTimelineIO has no field for: the EDL's header at the timeline, the cut at its clip.

Times are whole frames of the programme's rate; what drifts more than half a frame over its length has a LinearTimeWarp. The
text is written here, by the schema's names (Timeline.1, Clip.2, Marker.2 and so on), so that the same EDL gives the same
bytes; the project's own library reads it back in the bench (decision record 0035). Counterpart: `read_otio.py`.
"""

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from urllib.parse import quote

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut, to_wire
from ruach_studio.assembly.exchange.drift import drift_losses, needs_retiming, speed_of
from ruach_studio.assembly.exchange.pieces import (
    Piece,
    black_losses,
    chapter_frame,
    file_name,
    jump_losses,
    omitted_losses,
    one_hour,
    pieces_of,
    rate_losses,
    shown_cuts,
    sounding,
    sync_losses,
    whole,
)
from ruach_studio.kernel.hashing import plain

KEY = "ruach"
COLOURS = {"high": "GREEN", "medium": "YELLOW", "low": "RED"}
CHAPTER_COLOUR = "CYAN"
_APART = ("tracks", "metrics")  # of the EDL's JSON: what the timeline itself shows
Json = dict[str, object]


def write_otio(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (OpenTimelineIO JSON, what it could not hold). The same EDL gives the same text."""
    writer = _Writer(edl)
    timeline = writer.timeline()
    text = json.dumps(timeline, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"
    losses = [*sync_losses(edl), *drift_losses(edl, writer.pieces, retimed=True), *rate_losses(edl), *black_losses(edl)]
    return text, tuple(losses + jump_losses(edl) + omitted_losses(edl))


class _Writer:
    def __init__(self, edl: CanonicalEDL) -> None:
        self.edl, self.rate = edl, float(edl.fps.value)
        self.pieces: list[Piece] = []

    def timeline(self) -> Json:
        edl = self.edl
        wire = to_wire(edl)
        header = {name: value for name, value in wire.items() if name not in _APART}
        tracks = wire["tracks"]
        if isinstance(tracks, dict):
            header |= {name: value for name, value in tracks.items() if name != "program"}
        shown = [self._track("Programme", "Video", self._cuts(), role="programme")]
        shown += [
            self._track(f"Angle {camera}", "Video", self._whole(camera, "Video"), role="angle", camera=camera)
            for camera in edl.sources if edl.can_show(camera)
        ]  # fmt: skip
        sound = edl.programme_audio
        shown.append(self._track("Programme sound", "Audio", self._heard(), role="programme", camera=sound))
        shown += [
            self._track(f"Sound {camera}", "Audio", self._whole(camera, "Audio"), role="sound", camera=camera)
            for camera, source in edl.sources.items()
            if camera != sound and any(clip.has_audio for clip in source.clips)
        ]  # fmt: skip
        stack = self._item("Stack.1", "tracks", {}, None, [self._chapter(each) for each in edl.chapters])
        return {
            "OTIO_SCHEMA": "Timeline.1", "name": f"{edl.session_id} v{edl.version}", "metadata": {KEY: header},
            "global_start_time": self._time(one_hour(edl.fps)), "tracks": stack | {"children": shown},
        }  # fmt: skip

    def _track(self, name: str, kind: str, children: Sequence[Json], *, role: str, camera: str | None = None) -> Json:
        told: Json = {"role": role}
        if camera is not None:
            told["camera"] = camera
        return self._item("Track.1", name, told, None, ()) | {"kind": kind, "children": list(children)}

    def _cuts(self) -> list[Json]:
        made: list[Json] = []
        for cut, _ in shown_cuts(self.edl):
            pieces = pieces_of(self.edl, cut.camera, cut.start_frame, cut.end_frame_exclusive)
            items = self._items(pieces, enabled=True, kind="Video", cut=cut)
            items[0]["markers"] = [self._marker(cut, pieces[0].local_frame)]
            made += items
        return made

    def _heard(self) -> list[Json]:
        edl, sound = self.edl, self.edl.programme_audio
        if sound:
            return self._items(whole(edl, sound), enabled=True, kind="Audio")
        spans = ((cut, pieces_of(edl, cut.camera, low, high)) for cut, low, high in sounding(edl))
        return [item for cut, pieces in spans for item in self._items(pieces, enabled=True, kind="Audio", cut=cut)]

    def _whole(self, camera: str, kind: str) -> list[Json]:
        return self._items(whole(self.edl, camera), enabled=False, kind=kind)

    def _items(self, pieces: Iterable[Piece], *, enabled: bool, kind: str, cut: Cut | None = None) -> list[Json]:
        return [self._piece(piece, enabled=enabled, kind=kind, cut=cut) for piece in pieces]

    def _piece(self, piece: Piece, *, enabled: bool, kind: str, cut: Cut | None) -> Json:
        told: Json = {"camera": piece.camera}
        if cut is not None:
            told["cutId"] = cut.id
        clip = piece.clip
        span = self._range(piece.local_frame, piece.frames)
        if clip is None or not (clip.fps is not None if kind == "Video" else clip.has_audio):
            return self._item("Gap.1", "", told, self._range(0, piece.frames), ())
        self.pieces.append(piece)
        told["clip"] = piece.index + 1
        item = self._item("Clip.2", f"{piece.camera} {file_name(clip.path)}", told, span, (), enabled=enabled)
        if needs_retiming(piece):
            item["effects"] = [self._warp(clip)]
        item["media_references"] = {"DEFAULT_MEDIA": self._reference(clip)}
        item["active_media_reference_key"] = "DEFAULT_MEDIA"
        return item

    def _warp(self, clip: ClipSource) -> Json:
        return {
            "OTIO_SCHEMA": "LinearTimeWarp.1", "name": "clock drift", "effect_name": "LinearTimeWarp", "enabled": True,
            "time_scalar": float(speed_of(clip)), "metadata": {KEY: {"driftPpm": clip.drift_ppm}},
        }  # fmt: skip

    def _reference(self, clip: ClipSource) -> Json:
        frames = max(1, int((Fraction(clip.duration_ms) + Fraction(3, 2)) * self.edl.fps.value / 1000))
        url = "file://" + quote(clip.path if clip.path.startswith("/") else f"/{clip.path}")
        return {
            "OTIO_SCHEMA": "ExternalReference.1", "name": file_name(clip.path), "target_url": url,
            "available_range": self._range(0, frames), "available_image_bounds": None, "metadata": {},
        }  # fmt: skip

    def _marker(self, cut: Cut, frame: int) -> Json:
        told = {
            "id": cut.id, "reason": cut.reason, "confidence": cut.confidence, "reasons": list(cut.reasons),
            "approved": cut.approved, "note": cut.note,
        }  # fmt: skip
        comment = "; ".join((*cut.reasons, f"note: {cut.note}") if cut.note else cut.reasons)
        name = f"{cut.reason} {cut.confidence:.2f} ({cut.band})"
        return self._mark(name, comment, COLOURS[cut.band], frame, {"cut": told})

    def _chapter(self, chapter: object) -> Json:
        told = plain(chapter)
        fields = told if isinstance(told, dict) else {}
        frame = chapter_frame(self.edl, fields)
        return self._mark(str(fields["title"]), "chapter", CHAPTER_COLOUR, frame, {"chapter": told})

    def _mark(self, name: str, comment: str, colour: str, frame: int, told: Json) -> Json:
        return {
            "OTIO_SCHEMA": "Marker.2", "name": name, "comment": comment, "color": colour,
            "marked_range": self._range(frame, 1), "metadata": {KEY: told},
        }  # fmt: skip

    def _item(
        self, schema: str, name: str, told: Json, span: Json | None, markers: Sequence[Json], *, enabled: bool = True
    ) -> Json:
        return {
            "OTIO_SCHEMA": schema, "name": name, "metadata": {KEY: told} if told else {}, "source_range": span,
            "effects": [], "markers": list(markers), "enabled": enabled, "color": None,
        }  # fmt: skip

    def _range(self, first: int, frames: int) -> Json:
        return {"OTIO_SCHEMA": "TimeRange.1", "start_time": self._time(first), "duration": self._time(frames)}

    def _time(self, frame: int) -> Json:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": self.rate, "value": float(frame)}
