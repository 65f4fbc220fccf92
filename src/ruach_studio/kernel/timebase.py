"""Turn frames into time and back without rounding surprises: rates are rational, NTSC rates exact.

Frame boundaries follow one rule everywhere: frame = round half up of (seconds x rate). Rounding start and end alike
means that cuts never drift apart (research: render, section C).
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

# What containers and people write for the NTSC family, and what they mean.
_NTSC = {
    Fraction(2397, 100): Fraction(24000, 1001), Fraction(23976, 1000): Fraction(24000, 1001),
    Fraction(2398, 100): Fraction(24000, 1001), Fraction(2997, 100): Fraction(30000, 1001),
    Fraction(5994, 100): Fraction(60000, 1001), Fraction(11988, 100): Fraction(120000, 1001),
}  # fmt: skip
_FAMILY = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)) + tuple(
    Fraction(n) for n in (24, 25, 30, 48, 50, 60, 100, 120)
)


@dataclass(frozen=True, slots=True, order=True)
class FrameRate:
    """Frames per second as an exact fraction."""

    value: Fraction

    def __post_init__(self) -> None:
        if self.value <= 0:
            raise ValueError("a frame rate is greater than zero")

    @classmethod
    def parse(cls, text: str | int | float | Fraction) -> "FrameRate":
        """Read '30', '30000/1001', 29.97 or '23.976'; decimal NTSC spellings become the exact rate. Raises ValueError."""
        value = Fraction(str(text)) if not isinstance(text, Fraction) else text
        value = _NTSC.get(value, value)
        for exact in _FAMILY:  # a measured 29.970029 is 30000/1001, and 30.00003 is 30
            if value != exact and abs(value - exact) < Fraction(1, 2000):
                value = exact
        return cls(value)

    @property
    def drop_frame(self) -> bool:
        """Say whether timecode at this rate is drop-frame (29.97 and 59.94)."""
        return self.value in (Fraction(30000, 1001), Fraction(60000, 1001))

    @property
    def nominal(self) -> int:
        """Return the counting base of timecode: 30 for 29.97."""
        return -int(-self.value // 1)

    def seconds(self, frame: int) -> Fraction:
        """Return the start of `frame` in seconds, exact."""
        return Fraction(frame) / self.value

    def milliseconds(self, frame: int) -> float:
        """Return the start of `frame` in milliseconds, rounded to the microsecond, as the wire carries it."""
        over, under = self.value.as_integer_ratio()  # at once: each of a fraction's two numbers is a call
        return round(frame * 1000 * under / over, 3)

    def frame_at(self, seconds: Fraction | float) -> int:
        """Return the frame boundary nearest to `seconds` (a half goes up)."""
        over, under = seconds.as_integer_ratio()  # exact, and a third of the time of a product of fractions
        rate, per = self.value.as_integer_ratio()
        above, below = 2 * over * rate, under * per
        return (above + below) // (2 * below)

    def frame_at_ms(self, ms: Fraction | float) -> int:
        """Return the frame boundary nearest to `ms` milliseconds (a half goes up)."""
        return round_half_up(Fraction(ms) * self.value / 1000)

    def timecode(self, frame: int) -> str:
        """Return SMPTE 12M timecode; drop-frame rates count as such and use ';' before the frames."""
        base, sign = self.nominal, ";" if self.drop_frame else ":"
        if self.drop_frame:
            drop = base // 15
            per_minute, per_ten = base * 60 - drop, base * 600 - 9 * drop
            tens, rest = divmod(frame, per_ten)
            frame += 9 * drop * tens + (drop * ((rest - drop) // per_minute) if rest > drop else 0)
        seconds, frames = divmod(frame, base)
        return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{sign}{frames:02d}"

    def __str__(self) -> str:
        return f"{self.value.numerator}/{self.value.denominator}"


def round_half_up(value: Fraction) -> int:
    """Return the nearest integer; exactly half goes towards plus infinity (Python's own `round` goes to even)."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


@lru_cache(4096)  # the words of a what-if name the same times again
def clock_text(seconds: float) -> str:
    """Return '14:32' or '1:02:05.3' for a person: minutes and seconds, hours if any, tenths if not whole."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    tail = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"
