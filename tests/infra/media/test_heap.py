"""What is freed goes back: large pieces have pages of their own, whatever was freed before."""

import ctypes

import pytest

from ruach_studio.infra.media import run
from ruach_studio.infra.media.heap import MAPPED_FROM_BYTES, keep_heap_small

LIBC = ctypes.CDLL(None)
PIECE = 31 * 2**20  # glibc's own rule learns up to 32 MB; what other tests have freed in the heap has no room for it


class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "free", "small", "maps", "mapped", *"abcde")]


@pytest.mark.skipif(not hasattr(LIBC, "mallinfo2"), reason="glibc 2.33 tells what is mapped")
def test_a_large_piece_has_its_own_pages_after_others_were_freed():
    assert keep_heap_small()
    assert MAPPED_FROM_BYTES < PIECE
    LIBC.mallinfo2.restype, LIBC.malloc.restype = Info, ctypes.c_void_p
    LIBC.malloc.argtypes, LIBC.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
    for _ in range(3):  # glibc's own rule moves the second one into the heap
        before = LIBC.mallinfo2().mapped
        piece = LIBC.malloc(PIECE)
        assert LIBC.mallinfo2().mapped - before > PIECE
        LIBC.free(piece)
        assert LIBC.mallinfo2().mapped == before


def test_what_the_operator_set_stands(monkeypatch):
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "1000000")
    assert not keep_heap_small.__wrapped__()


@pytest.mark.parametrize(("said", "had"), [(None, str(MAPPED_FROM_BYTES)), ("1000000", "1000000")])
async def test_ffmpeg_keeps_the_rule_too_unless_the_operator_set_another(said, had, monkeypatch, tmp_path):
    program, told = tmp_path / "ffmpeg", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nprintf %s "$MALLOC_MMAP_THRESHOLD_" > {told}\n')
    program.chmod(0o755)
    monkeypatch.setenv("RUACH_FFMPEG_BIN", str(program))
    if said is not None:
        monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", said)
    await run([])
    assert told.read_text() == had
