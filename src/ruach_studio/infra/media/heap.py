"""Open media files so that their indexes take little memory, and give it back.

glibc's habit of growing with what it frees becomes a fixed rule: what takes 2 MB and more has pages of its own, and all
threads share one heap.

FFmpeg keeps 38 MB of index for an MP4 of four hours and lets it grow bit by bit. glibc raises the size from which memory is
mapped by itself whenever such a piece is freed, so from the second file on the index grows inside the heap and leaves every
smaller copy behind: 90 MB more where 38 MB are used (measured), per thread, kept after the file is closed. With the size
fixed, a large piece grows in place and its pages go back when it is freed. Sound is decoded in pieces below 2 MB: no page is
asked for twice.

While FFmpeg reads that index it needs twice the room and more (the edit list makes a new one of the old: 75 MB for four
hours), so files that are opened side by side take turns at it.

Counterpart: sound_only.py opens files by `open_media` (for probe.py too), sound_frames.py in `opening`.
"""

import ctypes
import functools
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import av
from av.container import InputContainer

MAPPED_FROM_BYTES = 2 * 2**20
KEPT_BYTES = 4 * MAPPED_FROM_BYTES  # freed memory at the heap's end that stays: blocks of sound come and go in it
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
_SET_BY_OPERATOR = {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES"}
TURN_S = 10.0  # a disk that hangs keeps nobody longer
_TURN = threading.Lock()


def open_media(source: object) -> InputContainer:
    """Open a path, or what PyAV takes for a file, for reading. Raises `av.FFmpegError`, OSError."""
    with opening():
        named = f"file:{source}" if isinstance(source, str) else source  # "a:b.mp4" is no protocol
        return av.open(named, "r", options={"protocol_whitelist": "file"})


@contextmanager
def opening() -> Iterator[None]:
    """Have the block open a file: at most one at a time is being opened, as a rule, and the heap is small."""
    mine = _TURN.acquire(timeout=TURN_S)
    try:
        give_back()  # what files before left in its holes: 5 to 7 MB each
        yield
    finally:
        if mine:
            _TURN.release()


def give_back() -> None:
    """Give the heaps' free pages back to the system, 1 to 5 ms (measured): after work that took a lot of them."""
    if keep_heap_small():
        ctypes.CDLL(None).malloc_trim(0)


def small_heap_environment() -> dict[str, str]:
    """Return the environment in which a program of ours, FFmpeg say, keeps its heap as small; an operator's word stands.

    Two cameras of three hours in one FFmpeg: 67 MB, without it 87.
    """
    mine = {} if _SET_BY_OPERATOR & set(os.environ) else {"MALLOC_MMAP_THRESHOLD_": str(MAPPED_FROM_BYTES)}
    return {**os.environ, **mine}


@functools.cache
def keep_heap_small() -> bool:
    """Fix the size once per process; False where there is no glibc, or where the operator's environment says otherwise."""
    if sys.platform != "linux" or _SET_BY_OPERATOR & set(os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    fixed = ((_M_MMAP_THRESHOLD, MAPPED_FROM_BYTES), (_M_TRIM_THRESHOLD, KEPT_BYTES), (_M_ARENA_MAX, 1))
    done = [mallopt(what, value) for what, value in fixed]
    return all(done)
