"""Turn words beside a pause into words that begin and end where the sound does.

Whisper's times around a pause are off by up to half a second: it gives the pause to the words beside it. Levels are RMS of
20 ms; loud is what lies 12 dB above the quietest tenth of the block and within 35 dB of its loudest hundredth. A word that
begins in quiet begins at the first loud 20 ms within it. Where 150 ms before it are free of words, one that begins in loud
sound begins where that sound began, and one without any loud sound takes that before it: at most 0.6 s earlier, never inside
the word before. A word that ends with 100 ms of quiet or more ends where its sound does.
Counterpart: `usecases/hear_speech.py` calls it block by block.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.transcript import Segment, Word

STEP_MS = 20.0
ABOVE_FLOOR_DB, BELOW_PEAK_DB = 12.0, 35.0
PAUSE_MS = 150.0
BACK_MS = 600.0
LEAST_WORD_MS = 60.0
TAIL_MS = 100.0


def with_onsets(segments: Sequence[Segment], samples: npt.NDArray[np.float32], rate: int) -> tuple[Segment, ...]:
    """Return the segments (ms from the block's start) with their words, and so their own times, on the sound."""
    loud = loud_steps(samples, rate)
    until, made = 0.0, []
    for segment in segments:
        words: list[Word] = []
        for word in segment.words:
            free = not words or word.start_ms - until >= PAUSE_MS
            words.append(_fitted(word, until if free else word.start_ms, loud))
            until = max(until, words[-1].end_ms)
        start_ms, end_ms = (words[0].start_ms, words[-1].end_ms) if words else (segment.start_ms, segment.end_ms)
        made.append(replace(segment, start_ms=start_ms, end_ms=max(end_ms, start_ms + 1.0), words=tuple(words)))
        until = max(until, segment.end_ms)
    return tuple(made)


def loud_steps(samples: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.bool_]:
    """Return for each whole 20 ms whether it is loud."""
    step = round(rate * STEP_MS / 1000.0)
    frames = samples[: samples.size // step * step].reshape(-1, step).astype(np.float64)
    if not frames.size:
        return np.zeros(0, np.bool_)
    level = 10.0 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    least = max(np.percentile(level, 10) + ABOVE_FLOOR_DB, np.percentile(level, 99) - BELOW_PEAK_DB)
    return np.asarray(level >= least)


def _fitted(word: Word, free_ms: float, loud: npt.NDArray[np.bool_]) -> Word:
    """Return the word on its sound; it may reach back to `free_ms`, by 0.6 s at most."""
    start_ms = _onset_ms(word, free_ms, loud)
    first, after = int(start_ms // STEP_MS), min(int(word.end_ms // STEP_MS), loud.size)
    heard = np.flatnonzero(loud[first:after])
    end_ms = word.end_ms
    if heard.size:
        sounds_until = (first + int(heard[-1]) + 1) * STEP_MS
        if end_ms - sounds_until >= TAIL_MS:
            end_ms = max(sounds_until, start_ms + LEAST_WORD_MS)
    return replace(word, start_ms=start_ms, end_ms=min(end_ms, word.end_ms))


def _onset_ms(word: Word, free_ms: float, loud: npt.NDArray[np.bool_]) -> float:
    first = int(word.start_ms // STEP_MS)
    if first >= loud.size:
        return word.start_ms
    least = max(0, -(-int(max(free_ms, word.start_ms - BACK_MS)) // int(STEP_MS)))
    at = first
    if not loud[first]:
        ahead = np.flatnonzero(loud[first : max(first, int((word.end_ms - LEAST_WORD_MS) // STEP_MS) + 1)])
        if ahead.size:
            return float((first + int(ahead[0])) * STEP_MS)
        before = np.flatnonzero(loud[least:first])
        if not before.size:
            return word.start_ms
        at = least + int(before[-1])
    while at > least and loud[at - 1]:
        at -= 1
    return word.start_ms if at >= first else at * STEP_MS
