"""Turn one format's chunks into what FFmpeg must know of each: its file, what is drawn on it, how it is encoded."""

import os
from pathlib import Path

from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import FrameRate, round_half_up
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.runners.burn_in import BurnIn, unlettered
from ruach_studio.render.runners.chunks import Chunk

_ENGINE = "ffmpeg-2"  # part of a chunk's key: raise it when the same plan would give other bytes


class Output:
    """One plan's video, written as chunks into `folder`. Raises ValueError for a still."""

    def __init__(self, plan: RenderPlan, folder: Path) -> None:
        if plan.preset.video is None:
            raise ValueError(f"{plan.preset.name} is a still; a runner makes video")
        self.plan, self.folder, self.codec = plan, folder, plan.preset.video
        self._burn_in = BurnIn(plan)

    def path(self, chunk: Chunk) -> Path:
        """Return the finished chunk's path: its name holds the hash of everything that shapes its bytes."""
        plan = self.plan
        files = sorted({s.clip.path for s in chunk.segments if s.clip is not None})
        identity = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in files]
        key = inputs_hash([_ENGINE, chunk, plan.rate, unlettered(plan.preset), identity, *self._burn_in.key(chunk)])
        return self.folder / f"{chunk.index:04d}-{key[:16]}.mp4"

    def lettered(self, chunk: Chunk, graph: str, path: Path) -> str:
        """Return `graph`, which ends in [v], with the chunk's writing drawn; its script is put beside `path`."""
        return self._burn_in.graph(chunk, graph, path)

    def encoder(self) -> list[str]:
        """Return the arguments of this output, all but the file."""
        codec, rate = self.codec, self.plan.rate
        gop = str(round_half_up(codec.gop_s * rate.value))
        return [
            "-c:v", codec.encoder, "-preset", codec.speed, "-crf", str(codec.crf), "-pix_fmt", codec.pixel_format,
            "-threads", "1", "-g", gop, "-flags", "+cgop+bitexact", "-r", str(rate), "-map_metadata", "-1",
            "-fflags", "+bitexact", "-video_track_timescale", str(timescale(rate)), "-f", "mp4", "-y",
        ]  # fmt: skip


def timescale(rate: FrameRate) -> int:
    """Return ticks per second in which every frame lasts a whole number of ticks."""
    return rate.value.numerator * (1 if rate.value.numerator >= 1000 else 1000)
