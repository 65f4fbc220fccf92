"""Help at a render in a process of its own: the plan as a pickle on stdin, the folder as argument.

Prints how many chunks it made, when nothing is left to begin.
"""

import asyncio
import pickle
import sys
from pathlib import Path

from ruach_studio.render.runners.ffmpeg import FfmpegRunner

if __name__ == "__main__":
    given = pickle.load(sys.stdin.buffer)  # noqa: S301  (from the test that started us)
    print(asyncio.run(FfmpegRunner().assist(given, Path(sys.argv[1]), asyncio.Event())))
