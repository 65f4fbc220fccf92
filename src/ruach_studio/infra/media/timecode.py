"""Turn what a recorder wrote about its clock into the time of day at which the recording starts.

Cameras write SMPTE 12M timecode ("10:00:03:12", ";" before the frames for drop-frame) into a tmcd track or a tag; FFmpeg
shows both as the tag `timecode`. Sound recorders write BWF's `time_reference`, samples since midnight. A frame count over
the true rate is the time that has passed: 29.97 without drop-frame runs 3.6 s an hour behind the wall, as its clock did.

Counterpart: probe.py puts it beside the other facts; sync.py looks there first.
"""

import re

from av.container import InputContainer

from ruach_studio.kernel.timebase import FrameRate

_SMPTE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")


def start_timecode(
    container: InputContainer, rate: FrameRate | None, sound_rate: int | None
) -> tuple[str | None, float | None]:
    """Return the start timecode as written and in seconds since midnight; (None, None) without one that can be read."""
    tags = [stream.metadata for stream in container.streams] + [container.metadata]
    for tag in tags:
        said = tag.get("timecode")
        if said is not None and rate is not None:
            seconds = timecode_seconds(said, rate)
            if seconds is not None:
                return said, seconds
    for tag in tags:
        samples = tag.get("time_reference", "")
        if samples.isdigit() and sound_rate and int(samples):  # 0 is what software writes that has no clock
            return f"{samples} samples", int(samples) / sound_rate
    return None, None


def timecode_seconds(text: str, rate: FrameRate) -> float | None:
    """Return the seconds since midnight of an SMPTE timecode at `rate`; None for what is none."""
    found = _SMPTE.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds, frames = (int(found[group]) for group in (1, 2, 3, 5))
    base = rate.nominal
    if hours > 23 or minutes > 59 or seconds > 59 or frames >= base:
        return None
    count = ((hours * 60 + minutes) * 60 + seconds) * base + frames
    if found[4] in ";." and rate.drop_frame:  # numbers 0 and 1 (0 to 3) are left out each minute but the tenth
        total = hours * 60 + minutes
        count -= base // 15 * (total - total // 10)
    return float(rate.seconds(count))
