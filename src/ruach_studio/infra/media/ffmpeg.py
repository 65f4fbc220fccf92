"""Turn an FFmpeg argument list into a finished run: progress while it works, one error with its reason if it fails.

Never a shell. Inputs may only be files and pipes (a playlist or a crafted file cannot reach the network). A cancelled run
kills its child and waits for it, so nothing is left behind; on Linux a killed process takes its child along. A child that
makes no headway (no frame, no time, no byte more) for RUACH_FFMPEG_STALL_S, 300 s unless set, is killed too: it would hold
its job, and one of the queue's places, for ever.
"""

import asyncio
import contextlib
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruach_studio.infra.children import ends_with_us
from ruach_studio.infra.media.heap import small_heap_environment
from ruach_studio.infra.media.program import STALLED, FfmpegStalled, find_ffmpeg
from ruach_studio.kernel.errors import Cancelled, MediaFailure, OutOfSpace, RuachError

PROTOCOLS = "file,pipe"
STALL_S = 300.0  # moving the index of a film of hours to its front is silent too, and takes a minute or two
STDERR_LIMIT_BYTES = 65536  # enough for loudness reports and any real error; a day of warnings does not fill memory
_TAIL_LINES = 6
_WRONG = re.compile(
    r"error|invalid|fail|exceed|corrupt|cannot|could not|unable|no such|missing|denied|not found|unknown|whitelist",
    re.IGNORECASE,
)
_STATISTICS = re.compile(r"\[lib\w+ @ |\[aac @ .*Qavg")
_BLAMED = re.compile(r"\[(?:[va]ist|in|dec)[^\]]*?#(\d+)")


@dataclass(frozen=True, slots=True)
class FfmpegProgress:
    """One report: how far the output has come."""

    frame: int
    out_time_s: float
    speed: float
    total_size_bytes: int
    finished: bool


@dataclass(frozen=True, slots=True)
class FfmpegResult:
    """A run that ended with code 0; `stderr` holds the last 64 KiB of what it said (measuring filters report there)."""

    stderr: str


async def run(
    args: Sequence[str],
    *,
    on_progress: Callable[[FfmpegProgress], None] | None = None,
    cancelled: asyncio.Event | None = None,
    cwd: Path | None = None,
) -> FfmpegResult:
    """Run FFmpeg with `args` (everything after the program's name) to its end.

    Raises Cancelled when `cancelled` is set, FfmpegStalled when nothing moves, OutOfSpace when the disk is full,
    MediaFailure with the last lines of stderr for every other non-zero end. A cancelled task kills the child too.
    """
    if cancelled is not None and cancelled.is_set():
        raise Cancelled("the run was cancelled before it began", subject="ffmpeg")
    command = [str(find_ffmpeg()), "-nostdin", "-hide_banner", "-nostats", "-progress", "pipe:1", *_guarded(args)]
    child = await asyncio.create_subprocess_exec(
        *ends_with_us(command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=small_heap_environment(),
    )
    stdout, stderr = child.stdout, child.stderr
    if stdout is None or stderr is None:
        raise MediaFailure("FFmpeg was started without pipes", subject="ffmpeg")
    headway = _Headway(float(os.environ.get("RUACH_FFMPEG_STALL_S") or STALL_S))
    follow = asyncio.create_task(_follow(stdout, headway, on_progress))
    tail = asyncio.create_task(_tail(stderr))
    stop = None if cancelled is None else asyncio.create_task(cancelled.wait())
    try:
        waited: set[asyncio.Task[Any]] = {follow} if stop is None else {follow, stop}
        while not follow.done():
            done, _ = await asyncio.wait(waited, timeout=headway.left_s(), return_when=asyncio.FIRST_COMPLETED)
            if not done and headway.left_s() <= 0:
                raise FfmpegStalled(f"it made no headway for {headway.stall_s:g} s", subject="ffmpeg", remedy=STALLED)
            if done and not follow.done():
                raise Cancelled("the run was cancelled", subject="ffmpeg")
        await follow
        text = await tail
        await child.wait()
    finally:
        await _end(child, [follow, tail] if stop is None else [follow, tail, stop])
    if child.returncode != 0:
        raise _failure(child.returncode, text, [file for flag, file in pairwise(args) if flag == "-i"])
    return FfmpegResult(text)


def _guarded(args: Sequence[str]) -> list[str]:
    """Put the protocol whitelist before every input: it is an option of the input, not of the program."""
    guarded: list[str] = []
    for arg in args:
        if arg == "-i":
            guarded += ["-protocol_whitelist", PROTOCOLS]
        guarded.append(arg)
    return guarded


async def _end(child: asyncio.subprocess.Process, tasks: "Sequence[asyncio.Task[Any]]") -> None:
    """Leave nothing behind: no child, no pending task, no open pipe."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # A pipe that nobody empties would keep the transport, and so `wait`, from ending.
    await asyncio.gather(*(stream.read() for stream in (child.stdout, child.stderr) if stream is not None))
    await child.wait()


class _Headway:
    """When something last moved: a report that says the same as the one before it is no headway."""

    def __init__(self, stall_s: float) -> None:
        self.stall_s, self._moved_s, self._told = stall_s, time.monotonic(), (0, 0.0, 0)

    def note(self, report: FfmpegProgress) -> None:
        told = (report.frame, report.out_time_s, report.total_size_bytes)
        if told != self._told:
            self._told, self._moved_s = told, time.monotonic()

    def left_s(self) -> float:
        """Return the seconds that are left until it counts as stalled."""
        return self._moved_s + self.stall_s - time.monotonic()


async def _follow(
    stream: asyncio.StreamReader, headway: _Headway, on_progress: Callable[[FfmpegProgress], None] | None
) -> None:
    async for report in _reports(stream):
        headway.note(report)
        if on_progress is not None:
            on_progress(report)


async def _tail(stream: asyncio.StreamReader) -> str:
    kept = b""
    while chunk := await stream.read(8192):
        kept = (kept + chunk)[-STDERR_LIMIT_BYTES:]
    return kept.decode("utf-8", "replace")


async def _reports(stream: asyncio.StreamReader) -> AsyncIterator[FfmpegProgress]:
    """Read `key=value` lines; each block ends with `progress=continue` or `progress=end`."""
    fields: dict[str, str] = {}
    async for raw in stream:
        key, _, value = raw.decode("utf-8", "replace").strip().partition("=")
        fields[key] = value.strip()
        if key == "progress":
            yield FfmpegProgress(
                frame=int(_number(fields.get("frame"))),
                out_time_s=_number(fields.get("out_time_us")) / 1e6,
                speed=_number((fields.get("speed") or "").rstrip("x")),
                total_size_bytes=int(_number(fields.get("total_size"))),
                finished=value.strip() == "end",
            )
            fields = {}


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:  # FFmpeg writes N/A until it knows
        return 0.0


def _failure(code: int | None, stderr: str, inputs: Sequence[str]) -> RuachError:
    """Name the input that FFmpeg blames, if one alone, and keep what it says is wrong: its statistics say nothing."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if "No space left on device" in stderr:
        return OutOfSpace("the disk is full", subject="ffmpeg", remedy="Free some space and start it again")
    wrong = [line for line in lines if _WRONG.search(line) and not _STATISTICS.match(line)] or lines
    blamed = {int(number) for line in wrong for number in _BLAMED.findall(line)}
    files = [inputs[number] for number in sorted(blamed) if number < len(inputs)]
    told = " | ".join(wrong[-_TAIL_LINES:])
    return MediaFailure(
        f"FFmpeg ended with code {code}: {told}", subject=files[0] if len(set(files)) == 1 else "ffmpeg", exit_status=code
    )
