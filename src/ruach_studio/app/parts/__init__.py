"""Turn the names of pillars into what each brings to a process, and keep one that breaks from taking the others along."""

from ruach_studio.app.parts.elsewhere import PillarBroken, PillarNotServed, say_elsewhere
from ruach_studio.app.parts.gather import AllBroken, each_part, refuse_if_all_broken, start_each
from ruach_studio.app.parts.part import PARTS, JobKey, Part

__all__ = [
    "PARTS", "AllBroken", "JobKey", "Part", "PillarBroken", "PillarNotServed", "each_part", "refuse_if_all_broken",
    "say_elsewhere", "start_each",
]  # fmt: skip
