"""Turn a CanonicalEDL into its JSON object and back, losing nothing; and into the same bytes on every machine.

Names on the wire are the specification's, camelCase. Milliseconds of a cut are derived from its frames, so that they
cannot disagree. An older or foreign EDL may lack `startFrame`; then its milliseconds are put on the nearest frame.
"""

from collections.abc import Mapping
from typing import Any, cast, get_args

from ruach_studio.assembly.angles_shot import Reason
from ruach_studio.assembly.edl_model import CanonicalEDL, ClipPiece, ClipSource, Cut, Origin, Source, Status
from ruach_studio.assembly.session import Role
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import canonical_json, plain
from ruach_studio.kernel.timebase import FrameRate


class BadEdl(BadInput):
    """This is not a CanonicalEDL 1.0."""

    code = "bad_edl"


def to_wire(edl: CanonicalEDL) -> dict[str, object]:
    """Return the JSON object of `edl` (lists and dicts of plain values)."""
    tracks: dict[str, object] = {
        "program": [cut_to_wire(cut, edl.fps) for cut in edl.program],
        "overlays": plain(edl.overlays),
        "chapters": plain(edl.chapters),
        "shorts": plain(edl.shorts),
    }
    if edl.omitted:
        tracks["omitted"] = plain(edl.omitted)
    told: dict[str, object] = {} if edl.transcript is None else {"transcript": plain(edl.transcript)}
    return {
        "schemaVersion": edl.schema_version,
        "sessionId": edl.session_id,
        "masterCamera": edl.master_camera,
        "durationMs": edl.duration_ms,
        "durationFrames": edl.duration_frames,
        "fps": str(edl.fps),
        "version": edl.version,
        "status": edl.status,
        "source": edl.source,
        "rulesVersion": edl.rules_version,
        "syncVersion": edl.sync_version,
        "parentVersion": edl.parent_version,
        "tracks": tracks,
        "sources": {name: _source_to_wire(source) for name, source in edl.sources.items()},
        "audio": {"programme": edl.programme_audio, "fallback": list(edl.fallback_audio)},
        "metrics": edl.metrics(),
        "options": plain(edl.options),
        **told,
    }


def edl_bytes(edl: CanonicalEDL) -> bytes:
    """Return the canonical JSON of `edl`: the same EDL gives the same bytes everywhere."""
    return canonical_json(to_wire(edl))


def from_wire(wire: Mapping[str, Any]) -> CanonicalEDL:
    """Read what `to_wire` wrote. Raises BadEdl naming the field that is missing or has the wrong form."""
    field = "schemaVersion"
    try:
        fps = FrameRate.parse(wire["fps"])
        tracks = wire["tracks"]
        field = "tracks"
        program = tuple(cut_from_wire(cut, fps) for cut in tracks["program"])
        field = "sources"
        sources = {str(name): _source_from_wire(source) for name, source in wire["sources"].items()}
        field = "header"
        audio = wire.get("audio") or {}
        return CanonicalEDL(
            session_id=str(wire["sessionId"]),
            master_camera=str(wire["masterCamera"]),
            fps=fps,
            duration_frames=int(wire["durationFrames"]) if "durationFrames" in wire else fps.frame_at_ms(wire["durationMs"]),
            program=program,
            sources=sources,
            rules_version=str(wire["rulesVersion"]),
            sync_version=int(wire["syncVersion"]),
            version=int(wire["version"]),
            status=cast(Status, _one_of(wire["status"], get_args(Status), "status")),
            source=cast(Origin, _one_of(wire["source"], get_args(Origin), "source")),
            parent_version=None if wire.get("parentVersion") is None else int(wire["parentVersion"]),
            programme_audio=audio.get("programme"),
            fallback_audio=tuple(audio.get("fallback", ())),
            overlays=_objects(tracks, "overlays"),
            chapters=_objects(tracks, "chapters"),
            shorts=_objects(tracks, "shorts"),
            omitted=_objects(tracks, "omitted"),
            options=dict(wire.get("options", {})),
            schema_version=str(wire["schemaVersion"]),
            transcript=None if wire.get("transcript") is None else dict(wire["transcript"]),
        )
    except KeyError as missing:
        raise BadEdl(f"the field {missing} is missing", subject=field, remedy="Export the EDL again as JSON.") from missing
    except (TypeError, ValueError, AttributeError, ArithmeticError) as wrong:
        raise BadEdl(
            f"a value has the wrong form ({wrong})", subject=field, remedy="Export the EDL again as JSON."
        ) from wrong


def cut_to_wire(cut: Cut, fps: FrameRate) -> dict[str, object]:
    """Return one cut's JSON object; what has its default (approved, note, locked, picture offset) is left out."""
    wire: dict[str, object] = {
        "id": cut.id,
        "startMs": fps.milliseconds(cut.start_frame),
        "endMs": fps.milliseconds(cut.end_frame_exclusive),
        "startFrame": cut.start_frame,
        "endFrameExclusive": cut.end_frame_exclusive,
        "camera": cut.camera,
        "reason": cut.reason,
        "confidence": cut.confidence,
        "reasons": list(cut.reasons),
    }
    if cut.approved:
        wire["approved"] = True
    if cut.note:
        wire["note"] = cut.note
    if cut.locked:
        wire["locked"] = True
    if cut.picture_offset_frames:
        wire["pictureOffsetFrames"] = cut.picture_offset_frames
    return wire


def cut_from_wire(wire: Mapping[str, Any], fps: FrameRate) -> Cut:
    """Read what `cut_to_wire` wrote. Raises KeyError, TypeError or ValueError."""
    framed = "startFrame" in wire and "endFrameExclusive" in wire
    return Cut(
        id=str(wire["id"]),
        start_frame=int(wire["startFrame"]) if framed else fps.frame_at_ms(wire["startMs"]),
        end_frame_exclusive=int(wire["endFrameExclusive"]) if framed else fps.frame_at_ms(wire["endMs"]),
        camera=str(wire["camera"]),
        reason=cast(Reason, _one_of(wire["reason"], get_args(Reason), "reason")),
        confidence=float(wire["confidence"]),
        reasons=tuple(str(reason) for reason in wire.get("reasons", ())),
        approved=bool(wire.get("approved", False)),
        note=str(wire.get("note", "")),
        locked=bool(wire.get("locked", False)),
        picture_offset_frames=int(wire.get("pictureOffsetFrames", 0)),
    )


def _source_to_wire(source: Source) -> dict[str, object]:
    return {
        "assetId": source.asset_id,
        "role": source.role,
        "offsetMs": source.offset_ms,
        "driftPpm": source.drift_ppm,
        "syncConfidence": source.sync_confidence,
        "clips": [_clip_to_wire(clip) for clip in source.clips],
        "proxyUrl": source.proxy_url,
        "mezzanineUrl": source.mezzanine_url,
    }


def _clip_to_wire(clip: ClipSource) -> dict[str, object]:
    wire: dict[str, object] = {
        "path": clip.path, "offsetMs": clip.offset_ms, "driftPpm": clip.drift_ppm, "durationMs": clip.duration_ms,
        "fps": None if clip.fps is None else str(clip.fps), "width": clip.width, "height": clip.height,
        "hasAudio": clip.has_audio, "startMs": clip.start_ms,
    }  # fmt: skip
    if clip.pieces:
        wire["pieces"] = [{"fromMs": each.from_ms, "offsetMs": each.offset_ms} for each in clip.pieces]
    return wire


def _source_from_wire(wire: Mapping[str, Any]) -> Source:
    return Source(
        asset_id=str(wire["assetId"]),
        role=cast(Role, _one_of(wire["role"], get_args(Role), "role")),
        offset_ms=float(wire["offsetMs"]),
        drift_ppm=float(wire["driftPpm"]),
        sync_confidence=float(wire["syncConfidence"]),
        clips=tuple(
            ClipSource(
                path=str(clip["path"]), offset_ms=float(clip["offsetMs"]), drift_ppm=float(clip["driftPpm"]),
                duration_ms=float(clip["durationMs"]), fps=None if clip["fps"] is None else FrameRate.parse(clip["fps"]),
                width=int(clip["width"]), height=int(clip["height"]), has_audio=bool(clip["hasAudio"]),
                start_ms=float(clip["startMs"]),
                pieces=tuple(ClipPiece(float(p["fromMs"]), float(p["offsetMs"])) for p in clip.get("pieces", ())),
            )
            for clip in wire["clips"]
        ),
        proxy_url=wire.get("proxyUrl"),
        mezzanine_url=wire.get("mezzanineUrl"),
    )  # fmt: skip


def _objects(tracks: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    marks = tuple(tracks.get(name, ()))
    if not all(isinstance(mark, Mapping) for mark in marks):
        raise ValueError(f"{name} holds something that is no object")
    return marks


def _one_of(value: object, allowed: tuple[object, ...], field: str) -> object:
    if value not in allowed:
        raise ValueError(f"{field} is {value!r}, not one of {', '.join(map(str, allowed))}")
    return value
