"""Turn a recording's jumps into the stretches of its file, each with where it lies on the master timeline.

Sync finds where a recorder lost or doubled sound. From a piece's local time on, that piece's offset holds: it ends where the
next begins in the file or, where sound was doubled, as soon as a later one begins on the master timeline (so the later one
wins). What is left without length is gone. Counterpart in assembly: `edl_model.py`, by the same rule.
"""

from collections.abc import Sequence
from fractions import Fraction


def piece_spans(
    pieces: Sequence[tuple[Fraction, Fraction]], stretch: Fraction, duration_s: Fraction
) -> list[tuple[Fraction, Fraction, Fraction]]:
    """Return (offset, local in, local out exclusive) for pieces given as (local time, offset), all in seconds.

    `stretch`: seconds of master time per second of the file. Raises ValueError if the pieces are out of order or the file.
    """
    begins = [from_s for from_s, _ in pieces]
    if begins != sorted(set(begins)) or (begins and not (begins[0] == 0 and begins[-1] < duration_s)):
        raise ValueError("its pieces are out of order, do not begin at 0, or begin beyond its end")
    spans = []
    for i, (from_s, offset_s) in enumerate(pieces):
        later = [at_s + min(Fraction(0), other_s - offset_s) / stretch for at_s, other_s in pieces[i + 1 :]]
        out_s = min([duration_s, *later])
        if out_s > from_s:
            spans.append((offset_s, from_s, out_s))
    return spans
