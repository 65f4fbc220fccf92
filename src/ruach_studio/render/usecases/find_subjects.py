"""Turn a locked EDL into the place of each camera's subject: look at pictures of its shots, let the rule say where.

At most 25 key frames per camera, spread evenly over everything that the programme shows of it, whatever the format; so
every format of a session frames a camera the same way. Where that gives fewer than six pairs of pictures (a wide camera is
often seen for seconds only), over all that it recorded of the programme, shown or not. An operator's word is taken
without looking. A file that cannot be opened gives no pictures: preflight is what refuses it.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.media import probe
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import BadInput, Cancelled, MediaFailure
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.framing import CROP_SHAPE, Motion, Placed, moved_columns, place_subject
from ruach_studio.render.plan import Decided, Segment, read_edl
from ruach_studio.render.plan.coverage import cover
from ruach_studio.render.plan.wire import Cut
from ruach_studio.render.presets import Preset

PICTURES, ENOUGH_PAIRS = 25, 6
LOOK_WIDTH = 160

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subjects:
    """Each camera's place, what was decided, and a note where nothing was found."""

    places: Mapping[str, Fraction] = field(default_factory=dict)
    decided: tuple[Decided, ...] = ()
    notes: tuple[str, ...] = ()


async def find_subjects(
    wire: Mapping[str, object], presets: Sequence[Preset], told: Mapping[str, Fraction], cancelled: asyncio.Event
) -> Subjects:
    """Return where the subjects are, nothing if none of `presets` crops around them. Raises Cancelled, EdlUnreadable."""
    if not any(preset.follows_subject for preset in presets):
        return Subjects()
    edl = await asyncio.to_thread(read_edl, wire)
    segments, _ = cover(edl, 0, edl.frames)
    shown: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.camera is not None and segment.clip is not None:
            shown.setdefault(segment.camera, []).append(segment)
    placed = []
    for camera in sorted(shown):
        alone = Cut(0, edl.frames, camera, "", 0.0)
        everything = [s for s in cover(replace(edl, cuts=(alone,)), 0, edl.frames)[0] if s.camera == camera]
        looks = (shown[camera], everything)
        placed.append(await in_long_thread(_place, edl.rate, camera, looks, told.get(camera), cancelled))
    notes = tuple(each.decided.verdict.reasons[0] + "; centre crop" for each in placed if not each.known)
    return Subjects({each.camera: each.x for each in placed}, tuple(each.decided for each in placed), notes)


def _place(
    rate: FrameRate, camera: str, looks: Sequence[Sequence[Segment]], told: Fraction | None, cancelled: asyncio.Event
) -> Placed:
    if told is not None:
        return place_subject(camera, Fraction(1), (), told)
    motions: list[Motion] = []
    share = Fraction(0)
    try:
        for segments in looks:
            share, motions = _motions(rate, camera, segments, cancelled)
            if len(motions) >= ENOUGH_PAIRS:
                break
    except (MediaFailure, BadInput, av.FFmpegError, OSError) as error:  # preflight says it, if it is a fault
        log.warning("framing.camera.unread", camera=camera, message=str(error))
    return place_subject(camera, share, motions)


def _motions(
    rate: FrameRate, camera: str, segments: Sequence[Segment], cancelled: asyncio.Event
) -> tuple[Fraction, list[Motion]]:
    """Return what a 9:16 crop keeps of the width (of files of different shapes the narrowest binds), and what moved."""
    motions: list[Motion] = []
    share, before = Fraction(0), None
    for seen in _pictures(rate, segments):
        if cancelled.is_set():
            raise Cancelled("looking for the subjects was cancelled", subject=f"camera {camera}")
        share = max(share, seen.crop_share)
        if before is not None and before.path == seen.path:
            motions.append(Motion(seen.frame, moved_columns(before.luma, seen.luma)))
        before = seen
    return share, motions


@dataclass(frozen=True, slots=True)
class _Seen:
    """One picture, upright: the programme frame it stands for, its file, luma, and what a 9:16 crop keeps of its width."""

    frame: int
    path: str
    luma: npt.NDArray[np.uint8]
    crop_share: Fraction


def _pictures(rate: FrameRate, segments: Sequence[Segment]) -> Iterator[_Seen]:
    """Yield the key frames nearest before 25 moments spread evenly over `segments`, each key frame once."""
    total = sum(segment.frames for segment in segments)
    moments = sorted({(2 * i + 1) * total // (2 * PICTURES) for i in range(PICTURES)})
    wanted: dict[str, list[tuple[int, Fraction]]] = {}
    at = 0
    for segment in segments:
        clip = segment.clip
        for moment in moments:
            if at <= moment < at + segment.frames and clip is not None and clip.rate is not None:
                frame = segment.start_frame + moment - at
                source = segment.source_frame_at(rate, frame) or 0
                wanted.setdefault(clip.path, []).append((frame, source / clip.rate.value))
        at += segment.frames
    for path, places in wanted.items():
        yield from _of_file(path, places)


def _of_file(path: str, places: Sequence[tuple[int, Fraction]]) -> Iterator[_Seen]:
    zero_s = probe(path).local_zero_s
    with av.open(path, options={"protocol_whitelist": "file"}) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        shape = Fraction(stream.sample_aspect_ratio or 1)
        last: float | None = None
        for frame, local_s in places:
            container.seek(max(int((zero_s + float(local_s)) * av.time_base), 0))
            picture = _first(container)
            if picture is not None and picture.time != last:
                last = picture.time
                yield _seen(frame, path, picture, shape)


def _first(container: InputContainer) -> VideoFrame | None:
    """Return the next key frame that can be decoded."""
    for packet in container.demux(container.streams.video[0]):
        with suppress(av.InvalidDataError):  # a damaged packet: the next key frame will do
            for picture in packet.decode():
                return picture
    return None


def _seen(frame: int, path: str, picture: VideoFrame, shape: Fraction) -> _Seen:
    width, height = Fraction(picture.width) * shape, Fraction(picture.height)
    turned = picture.rotation % 180 != 0
    seen_width, seen_height = (height, width) if turned else (width, height)
    size = max(2, round(LOOK_WIDTH * float(height / width) / 2) * 2)
    luma = np.asarray(picture.reformat(width=LOOK_WIDTH, height=size, format="gray").to_ndarray(), np.uint8)
    upright = np.rot90(luma, picture.rotation // 90 % 4) if picture.rotation else luma
    return _Seen(frame, path, upright, min(CROP_SHAPE * seen_height / seen_width, Fraction(1)))
