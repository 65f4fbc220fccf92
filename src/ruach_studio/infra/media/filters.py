"""Turn a filter's name into the certainty that this machine's FFmpeg has it."""

from functools import lru_cache
from pathlib import Path

from ruach_studio.infra.media.program import ask, find_ffmpeg
from ruach_studio.kernel.errors import Unavailable


class FilterMissing(Unavailable):
    """The FFmpeg that is used was built without a filter that is needed."""

    code = "ffmpeg_filter_missing"
    retryable = False
    exit_code = 2


def check_filter(name: str) -> None:
    """Raise FilterMissing unless the FFmpeg that will be used has the filter `name`; FfmpegStalled if it does not answer.

    Asks the program once in each process: call it from a thread.
    """
    program = find_ffmpeg()
    if name not in _filters(program):
        raise FilterMissing(
            f"it has no filter {name!r}",
            subject=str(program),
            remedy="Unset RUACH_FFMPEG_BIN and FFMPEG_BIN, or name a full build.",
        )


@lru_cache(maxsize=4)
def _filters(program: Path) -> frozenset[str]:
    rows = (line.split() for line in ask(program, "-hide_banner", "-filters").splitlines())
    return frozenset(row[1] for row in rows if len(row) > 2 and "->" in row[2])
