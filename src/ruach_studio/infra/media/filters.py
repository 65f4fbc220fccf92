"""Turn a filter's name into the certainty that this machine's FFmpeg has it."""

import subprocess
from functools import lru_cache

from ruach_studio.infra.children import ends_with_us
from ruach_studio.infra.media.ffmpeg import STALLED, FfmpegStalled, find_ffmpeg
from ruach_studio.kernel.errors import Unavailable

ANSWER_S = 30.0


class FilterMissing(Unavailable):
    """The FFmpeg that is used was built without a filter that is needed."""

    code = "ffmpeg_filter_missing"
    retryable = False
    exit_code = 2


def check_filter(name: str) -> None:
    """Raise FilterMissing unless the FFmpeg that will be used has the filter `name`; FfmpegStalled if it does not answer.

    Asks the program once in each process: call it from a thread.
    """
    program = str(find_ffmpeg())
    if name not in _filters(program):
        raise FilterMissing(
            f"it has no filter {name!r}",
            subject=program,
            remedy="Unset RUACH_FFMPEG_BIN and FFMPEG_BIN, or name a full build.",
        )


@lru_cache(maxsize=4)
def _filters(program: str) -> frozenset[str]:
    command = ends_with_us([program, "-hide_banner", "-filters"])
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_S)
    except subprocess.TimeoutExpired as error:
        raise FfmpegStalled(f"it did not name its filters within {ANSWER_S:g} s", subject=program, remedy=STALLED) from error
    rows = (line.split() for line in said.stdout.splitlines())
    return frozenset(row[1] for row in rows if len(row) > 2 and "->" in row[2])
