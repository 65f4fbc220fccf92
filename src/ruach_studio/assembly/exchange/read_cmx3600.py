"""Turn a CMX3600 list that an editing program wrote into shots of the programme, or refuse it by name.

The picture events in the order of their record times. A reel is the one that we wrote; where a program renamed it, the
file of `* FROM CLIP NAME` tells the camera. The list's own start is 01:00:00:00, or 00:00:00:00 if it begins before that.
Each event has to show its file where sync puts it, to a frame. Reasons, notes and chapters in comments are not read: many
programs drop comments, and a missing one would look like a deleted one. Counterpart: `cmx3600.py`.
"""

import re
from dataclasses import dataclass

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.exchange.cmx3600 import BLACK, motion_fps, reels_of
from ruach_studio.assembly.exchange.pieces import Piece, own_frame
from ruach_studio.assembly.exchange.returned import BadReturn, Returned, Shot, at, camera_of_path, check_slip, unknown

_TIME = r"(\d{2}[:;.]\d{2}[:;.]\d{2}[:;.]\d{2})"
_HEAD = r"^\s*(\d{3,6})\s+(\S+)\s+(\S+)\s+([CDW]\S*|K\s?\S*)(?:\s+\d+)?"
_EVENT = re.compile(rf"{_HEAD}\s+{_TIME}\s+{_TIME}\s+{_TIME}\s+{_TIME}\s*$")
_MOTION = re.compile(r"^\s*M2\s+(\S+)\s+(-?\d+(?:\.\d+)?)\s")
_NAME = re.compile(r"^\s*\*\s*FROM CLIP NAME:\s*(.+?)\s*$")
_DROPS = re.compile(r"^\s*FCM:\s*DROP", re.IGNORECASE | re.MULTILINE)
REMEDY = "Export it again from the editing program as CMX3600."
MOTION_TOLERANCE_FPS = 0.06  # M2 has one decimal


@dataclass(slots=True)
class _Event:
    number: str
    reel: str
    edit: str
    times: tuple[str, str, str, str]
    name: str = ""
    speed: float | None = None


def read_cmx3600(text: str, edl: CanonicalEDL) -> Returned:
    """Return the picture of the list. Raises BadReturn naming what cannot be taken back."""
    events = _events(text)
    if not events:
        raise BadReturn("it has no picture event", subject="file", remedy=REMEDY)
    clock = _Clock(edl, drops=_DROPS.search(text) is not None)
    placed = []
    for event in events:
        low, high = clock.frame(event.times[2]), clock.frame(event.times[3])
        if high < low:
            raise BadReturn(f"event {event.number} ends before it starts", subject="file", remedy=REMEDY)
        if high > low:  # a transition names the shot that it comes from in an event without length
            placed.append((low, high, event))
    placed.sort(key=lambda each: each[0])
    hour = clock.frame("01:00:00" + events[0].times[2][8] + "00")
    origin = hour if placed and placed[0][0] >= hour else 0
    reels = {reel: key for key, reel in reels_of(edl).items()}
    shots = [_shot(edl, clock, reels, low - origin, high - origin, event) for low, high, event in placed]
    told = [f"the transition at {at(edl, low - origin)} is not taken over: a cut stands there"
            for low, _, event in placed if event.edit != "C"]  # fmt: skip
    return Returned(tuple(shots), None, tuple(told))


def _events(text: str) -> list[_Event]:
    """Return the events with picture; what follows an event in comments and motion lines belongs to it."""
    found: list[_Event] = []
    current: _Event | None = None
    for line in text.splitlines():
        if match := _EVENT.match(line):
            number, reel, track, edit, *times = match.groups()
            current = _Event(number, reel.upper(), edit, (times[0], times[1], times[2], times[3]))
            if "V" in track.upper() or track.upper() == "B":
                found.append(current)
        elif current is not None and (match := _NAME.match(line)):
            current.name = match[1]
        elif current is not None and (match := _MOTION.match(line)):
            current.speed = float(match[2])
    return found


def _shot(
    edl: CanonicalEDL, clock: "_Clock", reels: dict[str, tuple[str, int]], start: int, end: int, event: _Event
) -> Shot:
    if event.reel in (BLACK, "BLACK"):
        return Shot(start, end, None)
    found = reels.get(event.reel) or (camera_of_path(edl, event.name) if event.name else None)
    if found is None:
        raise unknown(edl, f"the reel {event.reel} (event {event.number})", ", ".join(reels))
    camera, index = found
    clip = edl.sources[camera].clips[index]
    ours = motion_fps(edl, Piece(start, end, camera, index, clip, 0))
    plain = float(edl.fps.value)
    wanted = (plain, float(edl.fps.nominal), float(ours) if ours is not None else plain)
    if event.speed is not None and all(abs(event.speed - each) > MOTION_TOLERANCE_FPS for each in wanted):
        raise BadReturn(
            f"event {event.number} is played at {event.speed:g} frames per second", subject="file",
            remedy="Set the shot back to its own speed.",
        )  # fmt: skip
    check_slip(edl, camera, start, clock.frame(event.times[0]) - own_frame(edl, camera, index, start))
    return Shot(start, end, camera)


class _Clock:
    """Counts timecode back to frames: numbers are dropped with ';' or '.' before the frames, or if the head says so."""

    def __init__(self, edl: CanonicalEDL, *, drops: bool) -> None:
        self.edl, self.drops = edl, drops

    def frame(self, timecode: str) -> int:
        rate = self.edl.fps
        hours, minutes, seconds, frames = (int(part) for part in re.split("[:;.]", timecode))
        if frames >= rate.nominal or seconds > 59 or minutes > 59:
            raise BadReturn(
                f"{timecode} is no time at {rate} frames per second", subject="file",
                remedy="Edit and export the list at the programme's rate.",
            )  # fmt: skip
        drops = self.drops or timecode[8] != ":"
        if drops and not rate.drop_frame:
            raise BadReturn(
                f"{timecode} is drop-frame, the programme's rate {rate} is not", subject="file",
                remedy="Edit and export the list at the programme's rate.",
            )  # fmt: skip
        passed = 60 * hours + minutes
        dropped = (rate.nominal // 15) * (passed - passed // 10) if drops else 0
        return (60 * passed + seconds) * rate.nominal + frames - dropped
