"""Turn a plan into its thumbnail and what else could be: look at key frames, let the rule rank, write real frames as JPEG.

The pictures come from the camera files themselves, so the thumbnail does not wait for a video to be rendered.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from ruach_studio.infra.media import probe
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import Cancelled, MediaFailure
from ruach_studio.render.colour import conversion_of
from ruach_studio.render.plan import Decided, RenderPlan, Segment, first_programme_frame
from ruach_studio.render.source_colours import colours_of
from ruach_studio.render.thumbnail import Candidate, quiet_stretches, score_picture
from ruach_studio.render.thumbnail_rank import Picture, rank_pictures, reason_of, shortlisted
from ruach_studio.render.usecases.write_still import Shot, write_still

MAX_CANDIDATES = 240
SCORE_WIDTH = 320
_RUN_UP_S = 10.0


class NoPicture(MediaFailure):
    """No frame of the programme can be read."""

    code = "no_picture"


@dataclass(frozen=True, slots=True)
class Offered:
    """One picture that may be the thumbnail: the JPEG, its programme frame and camera, its score and what speaks for it."""

    path: Path
    frame: int
    camera: str
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The JPEG, why this frame, and all that is on offer, the JPEG first."""

    path: Path
    frame: int
    decided: Decided
    offered: tuple[Offered, ...]


async def take_thumbnail(plan: RenderPlan, path: Path, cancelled: asyncio.Event) -> Thumbnail:
    """Write the thumbnail of `plan` to `path`, the others on offer beside it as NAME-2 … NAME-5.

    Raises NoPicture, Cancelled.
    """
    candidates = await in_long_thread(_look, plan, cancelled)
    if not candidates:
        raise NoPicture(subject=plan.session_id, remedy="Check that the cameras' files can be played.")
    pictures = await in_long_thread(_watch, plan, shortlisted(candidates, plan.rate), cancelled)
    ranked, decided = rank_pictures(pictures, plan.rate, len(candidates))
    offered = []
    for place, picture in enumerate(ranked, 1):
        target = path if place == 1 else path.with_stem(f"{path.stem}-{place}")
        await _write(plan, picture.frame, target, cancelled)
        offered.append(Offered(target, picture.frame, picture.camera, picture.total, (reason_of(picture, plan.rate),)))
    return Thumbnail(path, ranked[0].frame, decided, tuple(offered))


def _watch(plan: RenderPlan, candidates: Sequence[Candidate], cancelled: asyncio.Event) -> list[Picture]:
    """Return the candidates with how much each changes until its file's next frame."""
    pictures = []
    for candidate in candidates:
        if cancelled.is_set():
            raise Cancelled("looking for a thumbnail was cancelled", subject=plan.session_id)
        segment = _segment(plan, candidate.frame)
        pictures.append(Picture(candidate.frame, candidate.camera, candidate.score, _change(plan, segment, candidate.frame)))
    return pictures


def _change(plan: RenderPlan, segment: Segment, frame: int) -> float:
    """Return the mean absolute luma change from the picture at `frame` to its file's next one; 0 for the last."""
    clip, source = segment.clip, segment.source_frame_at(plan.rate, frame)
    if clip is None or clip.rate is None or source is None:
        return 0.0
    zero_s, frame_s = probe(clip.path).local_zero_s, float(1 / clip.rate.value)
    seen: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = []
    with av.open(clip.path, options={"protocol_whitelist": "file"}) as container:
        for picture in _from(container, zero_s, source, frame_s):
            if (picture.time or 0.0) - zero_s > (source - 0.5) * frame_s:
                seen.append(_luma(picture))
            if len(seen) == 2:
                return round(float(np.abs(seen[0].astype(np.int16) - seen[1]).mean()), 3)
    return 0.0


def _look(plan: RenderPlan, cancelled: asyncio.Event) -> list[Candidate]:
    """Score key frames in the quiet stretches; where no key frame falls into any, the middle of the longest."""
    stretches = quiet_stretches(plan)
    total = sum(hi - lo for _, lo, hi in stretches)
    stride = max(total // MAX_CANDIDATES, 1)
    zeros = {clip.path: probe(clip.path).local_zero_s for clip in plan.picture_clips}
    candidates: list[Candidate] = []
    for segment, lo, hi in stretches:
        for frame, picture in _key_frames(plan, segment, lo, hi, stride, zeros):
            if cancelled.is_set():
                raise Cancelled("looking for a thumbnail was cancelled", subject=plan.session_id)
            candidates.append(_scored(frame, segment, picture))
    if not candidates and stretches:
        segment, lo, hi = max(stretches, key=lambda s: (s[2] - s[1], -s[1]))
        candidates.append(_scored((lo + hi) // 2, segment, _exact(plan, segment, (lo + hi) // 2).picture))
    return candidates


def _scored(frame: int, segment: Segment, picture: VideoFrame) -> Candidate:
    return Candidate(frame, segment.camera or "", score_picture(_luma(picture)))


def _luma(picture: VideoFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    height = max(2, round(picture.height * SCORE_WIDTH / picture.width / 2) * 2)
    return np.asarray(picture.reformat(width=SCORE_WIDTH, height=height, format="gray").to_ndarray(), np.uint8)


def _segment(plan: RenderPlan, frame: int) -> Segment:
    return next(s for s in plan.segments if s.start_frame <= frame < s.end_frame_exclusive)


def _key_frames(
    plan: RenderPlan, segment: Segment, lo: int, hi: int, stride: int, zeros: Mapping[str, float]
) -> Iterator[tuple[int, VideoFrame]]:
    """Yield (programme frame, picture) of key frames shown in [lo, hi), at least `stride` frames apart."""
    clip = segment.clip
    if clip is None or clip.rate is None:
        return
    wanted = lo
    with av.open(clip.path, options={"protocol_whitelist": "file"}) as container:
        zero_s = zeros[clip.path]
        container.streams.video[0].codec_context.skip_frame = "NONKEY"
        for picture in _from(container, zero_s, segment.source_frame_at(plan.rate, lo) or 0, float(1 / clip.rate.value)):
            source = round(((picture.time or 0.0) - zero_s) * float(clip.rate.value))
            frame = first_programme_frame(clip, plan.rate, source)
            if frame >= hi:
                return
            if frame >= wanted and segment.source_frame_at(plan.rate, frame) == source:
                yield frame, picture
                wanted = frame + stride


def _exact(plan: RenderPlan, segment: Segment, frame: int) -> Shot:
    clip, source = segment.clip, segment.source_frame_at(plan.rate, frame)
    if clip is None or clip.rate is None or source is None:
        raise NoPicture(subject=plan.session_id)
    zero_s, frame_s = probe(clip.path).local_zero_s, float(1 / clip.rate.value)
    found: VideoFrame | None = None
    with av.open(clip.path, options={"protocol_whitelist": "file"}) as container:
        stream = container.streams.video[0]
        shape = float(stream.sample_aspect_ratio or 1)
        for picture in _from(container, zero_s, source, frame_s):
            if found is not None and (picture.time or 0.0) - zero_s > (source + 0.5) * frame_s:
                break
            found = picture
        if found is None:
            raise NoPicture(f"frame {source} cannot be read", subject=clip.path)
        return Shot(found, shape, conversion_of(colours_of(stream, found)))


def _from(container: InputContainer, zero_s: float, source: int, frame_s: float) -> Iterator[VideoFrame]:
    """Decode from a key frame at or before frame `source`; damaged packets are passed over.

    Where the container has no index (MPEG-TS, AVI), a seek lands between key frames: begin 10 s earlier there.
    """
    stream = container.streams.video[0]
    run_up_s = 0.0 if {"mov", "matroska"} & set(container.format.name.split(",")) else _RUN_UP_S
    start_s = source * frame_s - run_up_s
    if start_s > 0 and stream.time_base is not None:
        container.seek(int((zero_s + start_s) / stream.time_base), stream=stream)
    for packet in container.demux(stream):
        with suppress(av.InvalidDataError):
            yield from packet.decode()


async def _write(plan: RenderPlan, frame: int, path: Path, cancelled: asyncio.Event) -> None:
    segment = _segment(plan, frame)
    exact = await in_long_thread(_exact, plan, segment, frame)
    await write_still(exact, plan.preset, segment.subject_x, path, cancelled)
