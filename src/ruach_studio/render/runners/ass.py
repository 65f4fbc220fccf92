"""Turn placed lines and panels into an ASS script that libass draws, one frame of the programme per 10 ms of script time.

A script counts in hundredths of a second, which no frame rate divides. So the graph shows libass a clock in which frame n
stands at n * 10 + 5 ms (`burnt_in`), and times here are frame numbers: an event is on screen from its first frame to its
last, at every rate, and a chunk that begins in the middle of a fade goes on with it.

Text is data. Braces are escaped, a backslash is followed by U+2060 (word joiner) so that it begins no command, and line
ends never reach the script (glyphs.py); what a person wrote can neither open an override tag nor end the event.
Counterparts: typeset.py breaks and measures, letters.py places.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruach_studio.kernel.timebase import FrameRate

_HEAD = """[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
LayoutResX: {width}
LayoutResY: {height}
WrapStyle: 2
ScaledBorderAndShadow: yes
YCbCr Matrix: None

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Text,Noto Sans,40,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of text or one panel during programme frames [start, end); `body` is ready ASS, built by letters.py."""

    start_frame: int
    end_frame_exclusive: int
    layer: int
    body: str


def script(events: Iterable[Event], width: int, height: int) -> str:
    """Return the ASS script of `events` for a picture of this size; "" without events."""
    lines = [
        f"Dialogue: {e.layer},{time_of(e.start_frame)},{time_of(e.end_frame_exclusive)},Text,,0,0,0,,{e.body}\n"
        for e in events
    ]
    return _HEAD.format(width=width, height=height) + "".join(lines) if lines else ""


def time_of(frame: int) -> str:
    """Return a frame number as script time.

    >>> time_of(6001)
    '0:01:00.01'
    """
    seconds, hundredths = divmod(frame, 100)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{hundredths:02d}"


def escaped(text: str) -> str:
    r"""Return `text` as libass shows it, letter for letter.

    >>> escaped(r"{\pos(0,0)}")
    '\\{\\\u2060pos(0,0)\\}'
    """
    return text.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")


def burnt_in(
    graph: str, path: Path, fonts: Path, start_frame: int, rate: FrameRate, gaps: Sequence[tuple[int, int]] = ()
) -> str:
    """Return `graph` with the script at `path` drawn on its output [v], which begins at programme frame `start_frame`.

    `gaps` are (frame of [v], programme frames that are left out before it).
    """
    tick = f"{rate.value.denominator}/{rate.value.numerator}"
    jumps = "".join(f"+{left_out}*gte(N\\,{at})" for at, left_out in gaps)
    clock = f"settb=1/1000,setpts=(N+{start_frame}{jumps})*10+5"
    drawing = f"ass=filename={filter_value(str(path))}:fontsdir={filter_value(str(fonts))}:shaping=complex"
    return f"{graph.removesuffix('[v]')},{clock},{drawing},settb={tick},setpts=N[v]"


def filter_value(text: str) -> str:
    r"""Return `text` escaped twice, as the value of a filter's option and then as part of a graph.

    >>> filter_value("it's: [1]")
    "it\\\\\\'s\\\\: \\[1\\]"
    """
    for special in "\\':":
        text = text.replace(special, "\\" + special)
    for special in "\\'[],;":
        text = text.replace(special, "\\" + special)
    return text
