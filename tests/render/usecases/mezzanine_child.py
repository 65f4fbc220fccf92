"""Run workers that make mezzanines in processes that are killed: each line of JSON on standard input starts one or ends one.

`{"start": "both" | "render" | "transcode", ...}` forks a worker and answers its id; `{"wait": id}` answers its exit status
when it has ended. With `stand` the first `quick` pieces pass and each later one stands: "encoding" (FFmpeg is at it, very
slowly), "written" (whole, but without its name), "named" (without its note), "noted" (the note is empty). Each piece that is
begun is a line "id name" in the file `begun`. `{}`, and the end of standard input, kill the workers that still live.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

from reader import FfmpegReader
from render_child import work

from ruach_studio.render.entrypoints import jobs, jobs_media
from ruach_studio.render.runners import mezzanine
from ruach_studio.render.usecases import await_mezzanines

SLOWLY = ["-readrate", "0.002", "-readrate_initial_burst", "0.001"]  # half a minute for 2 frames


def parts(told, services):
    """Return the handlers and the hooks of the queues that the worker takes."""
    reader = FfmpegReader(Fraction(1))
    renders = jobs.handlers(services, reader), jobs.hooks(services)
    pieces = jobs_media.handlers(services, reader), jobs_media.hooks()
    both = {**renders[0], **pieces[0]}, {**renders[1], **pieces[1]}
    return {"both": both, "render": renders, "transcode": pieces}[told["start"]]


def stand(begun: Path, moment: str | None, quick: int) -> None:
    """Note each piece that is begun, and let all but the first `quick` stand at `moment`."""
    run, keep, passing, standing = mezzanine.run, mezzanine.keep, iter(range(quick)), set()

    async def noted(arguments, **more):
        name = Path(arguments[-1]).name.partition(".")[0]
        with begun.open("a") as file:
            file.write(f"{os.getpid()} {name}\n")
        if moment is not None and next(passing, None) is None:
            standing.add(name)
            arguments = [*SLOWLY, *arguments] if moment == "encoding" else arguments
        return await run(arguments, **more)

    def kept(part, path, frames):
        if path.stem not in standing:
            return keep(part, path, frames)
        if moment in ("named", "noted"):
            os.replace(part, path)
        if moment == "noted":
            path.with_suffix(".json").touch()
        return threading.Event().wait()

    mezzanine.run, mezzanine.keep = noted, kept


def start(told) -> int:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        await_mezzanines.GRACE_S = told.get("graceS", await_mezzanines.GRACE_S)
        stand(Path(told["folder"]) / "begun", told.get("stand"), told.get("quick", 0))
        asyncio.run(work(told, partial(parts, told)))
        os._exit(0)
    return child


def wait(child: int) -> int:
    """Return the exit status once it has ended; one that does not end in 120 s is killed."""
    until = time.monotonic() + 120
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)
    return os.waitstatus_to_exitcode(ended[1])


def end(living: set[int]) -> None:
    while living:
        child = living.pop()
        os.kill(child, signal.SIGKILL)
        wait(child)


def main() -> None:
    living = set()
    for line in sys.stdin:
        told, answer = json.loads(line), 0
        if "start" in told:
            answer = start(told)
            living.add(answer)
        elif "wait" in told:
            answer = wait(told["wait"])
            living.remove(told["wait"])
        else:
            end(living)
        print(answer, flush=True)
    end(living)


if __name__ == "__main__":
    main()
