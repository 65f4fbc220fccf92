"""Turn an EDL into the numbers that an operator judges a cut by: pace, who is shown how long, how sure, why.

Shares are parts of the programme's time, 0 to 1. A speaker switch is a cut from one camera's speaker to another's, whatever
wide or reaction stands between them (the same count as `CanonicalEDL.metrics`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ruach_studio.assembly.edl_model import CanonicalEDL, Cut


@dataclass(frozen=True, slots=True)
class Share:
    """What one camera, band or reason has of the programme."""

    name: str
    cuts: int
    seconds: float
    share: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """The numbers of one EDL; times in seconds."""

    cut_count: int
    duration_s: float
    average_shot_s: float
    median_shot_s: float
    shortest_shot_s: float
    longest_shot_s: float
    cuts_per_minute: float
    speaker_switches: int
    approved: int
    locked: int
    omitted_s: float
    cameras: tuple[Share, ...]
    bands: tuple[Share, ...]
    reasons: tuple[Share, ...]


def statistics(edl: CanonicalEDL) -> Statistics:
    """Return the numbers of `edl`; all 0 for an empty programme. Every camera with picture is listed, shown or not."""
    rate = float(edl.fps.value)
    lengths = [cut.frames / rate for cut in edl.program] or [0.0]
    duration_s = edl.duration_frames / rate
    speakers = [cut.camera for cut in edl.program if cut.reason == "speaker"]
    cameras = [name for name in edl.sources if edl.can_show(name)]
    cuts = len(edl.program)
    return Statistics(
        cut_count=cuts,
        duration_s=round(duration_s, 3),
        average_shot_s=round(duration_s / cuts, 3) if cuts else 0.0,
        median_shot_s=round(median(lengths), 3),
        shortest_shot_s=round(min(lengths), 3),
        longest_shot_s=round(max(lengths), 3),
        cuts_per_minute=round(cuts / duration_s * 60.0, 2) if duration_s else 0.0,
        speaker_switches=sum(a != b for a, b in pairwise(speakers)),
        approved=sum(cut.approved for cut in edl.program),
        locked=sum(cut.locked for cut in edl.program),
        omitted_s=round(edl.omitted_frames / rate, 3),
        cameras=_shares(edl, cameras, lambda cut: cut.camera),
        bands=_shares(edl, ["high", "medium", "low"], lambda cut: cut.band),
        reasons=_shares(edl, ["speaker", "reaction", "wide", "emphasis", "operator"], lambda cut: cut.reason),
    )


def _shares(edl: CanonicalEDL, names: list[str], key: Callable[[Cut], str]) -> tuple[Share, ...]:
    shares = []
    for name in names:
        mine = [cut for cut in edl.program if key(cut) == name]
        frames = sum(cut.frames for cut in mine)
        part = round(frames / edl.duration_frames, 4) if edl.duration_frames else 0.0
        shares.append(Share(name, len(mine), round(frames / float(edl.fps.value), 3), part))
    return tuple(shares)
