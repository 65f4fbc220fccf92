"""Turn a media file into its sound's frames, most of the way inside FFmpeg: its filters read, decode and gather them.

Packet by packet through Python a frame of AAC (21 ms) takes the interpreter's lock six times, and two side by side wait
for each other: listening to two of 45 minutes took 11.2 s, to one 6.8. So FFmpeg's own source (`amovie`) reads and decodes,
and frames come out as one for each block (`asetnsamples`): 7.4 s for the two (record 63).

That way says less. It takes a read error for the end, fails at the first damaged packet, refuses sound that changes, and
forgets the stamps within a block; a filter before it therefore lets nothing pass from the first frame on that does not
follow the one before. What does not come out up to the track's declared end is decoded packet by packet, from the sample
that was reached: the samples are the same.

Counterpart: decode.py makes blocks of the frames; sound_only.py says how a file is read without its pictures.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.filter import Graph
from av.filter.context import FilterContext
from av.stream import Discard

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.media.heap import opening
from ruach_studio.infra.media.probe import AudioInfo
from ruach_studio.infra.media.sound_only import SoundName, open_sound, sound_name

log = get_logger(__name__)

# Containers round stamps (MKV to 1 ms) and phones jitter by a few ms; a real gap is at least one AAC frame (21 ms).
STAMP_TOLERANCE_S = 0.020
# One more bad frame is counted where a stamp leaves the count of samples; a frame passes as long as there is none.
_FOLLOWS = (
    "st(0, ld(0) + not(lte(abs((pts - start_pts) * TB * sample_rate - ld(1)), {tolerance})));"
    "st(1, ld(1) + samples_n); not(ld(0))"
)
_WAVE_READ = "max_size=32768"  # bytes a packet of WAV, not 8192: two thirds of the time; other readers know no such option
_SHORT_OF_END_S = 0.1  # what a container's clock is rounded to, and the last frame of a codec with long ones


def sound_frames(path: Path | str, audio: AudioInfo, block: int) -> Iterator[AudioFrame]:
    """Yield the first sound track as frames of at most about `block` samples, stamped on the container's clock.

    `audio` says where the track should end. A damaged packet is left out. Raises `av.FFmpegError`, OSError.
    """
    told, end_s, why = 0, None, "the track declares no end"
    if audio.duration_s is not None:
        why = "the sound stops before its declared end, or has a gap"
        try:
            for frame in _gathered(path, audio.rate, block):
                told += frame.samples
                if frame.pts is not None and frame.time_base is not None:
                    end_s = float(frame.pts * frame.time_base) + frame.samples / audio.rate
                yield frame
        except (av.FFmpegError, OSError, ValueError) as error:
            why = str(error)
        if end_s is not None and end_s >= audio.start_s + audio.duration_s - _SHORT_OF_END_S:
            return
    log.info("sound.by_packet", file=str(path), samples=told, message=why)
    for frame in _by_packet(path):
        if told >= frame.samples:
            told -= frame.samples
            continue
        yield _without_start(frame, told) if told else frame
        told = 0


def _gathered(path: Path | str, rate: int, block: int) -> Iterator[AudioFrame]:
    """Yield what follows without a step from the start on. Raises what PyAV raises; ValueError: a name that is no text."""
    with sound_name(path, rate) as sound:
        graph = Graph()  # its filters live no longer than it does
        with opening():
            sink = _fill(graph, sound, rate, block)
        with contextlib.suppress(av.EOFError):
            while isinstance(frame := sink.pull(), AudioFrame):
                yield frame


def _fill(graph: Graph, sound: SoundName, rate: int, block: int) -> FilterContext:
    """Make a graph that reads, decodes and gathers; return its end."""
    options = f"{sound.options}:{_WAVE_READ}"
    source = graph.add("amovie", filename=sound.name, streams="a:0", dec_threads="1", format_opts=options)
    follows = graph.add("aselect", expr=_FOLLOWS.format(tolerance=STAMP_TOLERANCE_S * rate))
    trimmed = graph.add("atrim", start_sample=str(sound.skip))
    placed = graph.add("asetpts", expr=f"PTS-{sound.skip}")
    whole = graph.add("asetnsamples", nb_out_samples=str(block), pad="0")
    sink = graph.add("abuffersink")
    graph.link_nodes(source, follows, trimmed, placed, whole, sink)
    graph.configure()
    return sink


def _by_packet(path: Path | str) -> Iterator[AudioFrame]:
    with open_sound(path) as container:
        stream = container.streams.audio[0]
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue
            yield from frames


def _without_start(frame: AudioFrame, samples: int) -> AudioFrame:
    """Return what follows the frame's first `samples`, without a stamp: it follows what was told before."""
    queue = AudioFifo()
    frame.pts = None
    queue.write(frame)
    queue.read(samples)
    rest = queue.read(0, True)
    return frame if rest is None else rest
