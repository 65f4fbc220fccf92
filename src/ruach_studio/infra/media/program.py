"""Turn the environment into the FFmpeg program that is used, and ask it short questions."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import imageio_ffmpeg

from ruach_studio.infra.children import ends_with_us
from ruach_studio.kernel.errors import MediaFailure, Unavailable

ANSWER_S = 30.0
STALLED = "Look at the machine's load and disks; a retry follows by itself"
_REMEDY = "Set RUACH_FFMPEG_BIN to a real one, or unset it and FFMPEG_BIN"


class FfmpegMissing(Unavailable):
    """There is no FFmpeg program on this machine."""

    code = "ffmpeg_missing"
    exit_code = 2


class FfmpegStalled(MediaFailure):
    """FFmpeg made no headway and was ended."""

    code = "ffmpeg_stalled"
    retryable = True


def check_ffmpeg() -> str:
    """Return the version of the program that will be used, as it says itself. Call it from a thread.

    Raises FfmpegMissing if it is no FFmpeg, FfmpegStalled if it does not answer.
    """
    said = ask(find_ffmpeg(), "-version")
    if not said.startswith("ffmpeg version "):
        raise FfmpegMissing("it is no FFmpeg", subject=str(find_ffmpeg()), remedy=_REMEDY)
    return said.split()[2]


def ask(program: Path, *question: str) -> str:
    """Return what the program says on stdout. Raises FfmpegMissing if it does not run, FfmpegStalled."""
    command = ends_with_us([str(program), *question])
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_S).stdout
    except subprocess.TimeoutExpired as error:
        fact = f"it did not answer {' '.join(question)} within {ANSWER_S:g} s"
        raise FfmpegStalled(fact, subject=str(program), remedy=STALLED) from error
    except (OSError, UnicodeDecodeError) as error:
        raise FfmpegMissing(f"it does not run ({error})", subject=str(program), remedy=_REMEDY) from error


def find_ffmpeg() -> Path:
    """Return what RUACH_FFMPEG_BIN or FFMPEG_BIN names, else the program that came with imageio-ffmpeg, else the PATH's.

    It looks and runs nothing, so an event loop may ask. imageio-ffmpeg's own `get_ffmpeg_exe` runs `ffmpeg -version` once in
    each process and waits for it without end: a program that stands took the loop along.
    """
    named = os.environ.get("RUACH_FFMPEG_BIN") or os.environ.get("FFMPEG_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise FfmpegMissing("it is named as FFmpeg, and no program is there", subject=named, remedy=_REMEDY)
        return Path(named)
    found = _bundled() or shutil.which("ffmpeg")
    if found is None:
        raise FfmpegMissing(remedy="Install ffmpeg, or set FFMPEG_BIN to it")
    return Path(found)


@cache
def _bundled() -> Path | None:
    """Return the program in imageio-ffmpeg's wheel; there is none on a platform that it has no wheel for."""
    folder = Path(imageio_ffmpeg.__file__).parent / "binaries"
    return next((file for file in sorted(folder.glob("ffmpeg*")) if os.access(file, os.X_OK)), None)
