"""Say where an event loop stands: the one part of a process that cannot say so itself.

While it stands no request is answered, no job is renewed and no line is logged. A thread asks it for a sign every second;
without one for 10 s it logs `loop.stands` with the place in the code, and `loop.moves` once it goes on.
"""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ruach_studio.infra.logging import get_logger

STANDS_S, ASKED_EVERY_S = 10.0, 1.0
_FRAMES = 8
log = get_logger(__name__)


@contextmanager
def watched_loop(stands_s: float = STANDS_S, asked_every_s: float = ASKED_EVERY_S) -> Iterator[None]:
    """Watch the running loop until the block ends; call it on the loop's own thread. Times in seconds."""
    loop, thread_id, ended = asyncio.get_running_loop(), threading.get_ident(), threading.Event()

    def watch() -> None:
        while not ended.wait(asked_every_s):
            moved, asked = threading.Event(), time.monotonic()
            with suppress(RuntimeError):  # it is closed: the process is about to end
                loop.call_soon_threadsafe(moved.set)
            if moved.wait(stands_s) or ended.is_set():
                continue
            log.error("loop.stands", seconds=stands_s, at=_place(thread_id))
            while not moved.wait(asked_every_s) and not ended.is_set():
                continue
            if moved.is_set():
                log.warning("loop.moves", stood_s=round(time.monotonic() - asked, 1))

    threading.Thread(target=watch, name="loop-watch", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _place(thread_id: int) -> list[str]:
    """Return the innermost calls of the thread, the last one last: file, line and function."""
    frame = sys._current_frames().get(thread_id)
    return [f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_stack(frame)[-_FRAMES:]]
