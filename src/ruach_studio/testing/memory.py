"""Turn "how much memory did this process hold at most?" into bytes that are its own."""

from pathlib import Path


def peak_resident_bytes() -> int:
    """Return the most that this process held resident since it began its program. Linux alone; raises OSError elsewhere.

    `getrusage` will not do for a child: its peak begins with what the parent held, so growth below that is not seen.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
