"""Measure what the transcriber makes of the test's two voices: words wrong, times off, CPU and memory. Needs the extra.

Truth is the script that the voices read. Exit code 1 if a limit is missed. `python bench/transcribe.py`
"""

import asyncio
import json
import re
import resource
import sys
import time
from pathlib import Path

import ruach_studio.testing
from ruach_studio.assembly.ports import TranscriberMissing
from ruach_studio.assembly.runners.faster_whisper import FasterWhisper
from ruach_studio.assembly.usecases.hear_speech import Speech, hear_speech

SPEECH = Path(ruach_studio.testing.__file__).parent / "speech"
WRONG_MAX = 0.08  # of the words
OFF_MAX_MS = 40.0  # median of the first words of the lines
CPU_MAX = 0.5  # CPU seconds per second of sound


def words(text: str) -> list[str]:
    """Return the words without case and punctuation."""
    return re.findall(r"[a-z0-9]+", text.lower())


def distance(a: list[str], b: list[str]) -> int:
    """Return the edit distance in words."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        old, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(old[j] + 1, row[-1] + 1, old[j - 1] + (x != y)))
    return row[-1]


def off_ms(speech: Speech, lines: list[dict[str, object]]) -> list[float]:
    """Return how far each line's first word lies from the truth."""
    said = [(words(word.text), word.start_ms) for segment in speech.segments for word in segment.words]
    found = []
    for line in lines:
        first, at_ms = words(str(line["text"]))[:1], float(str(line["start_s"])) * 1000.0
        found.append(min((abs(start - at_ms) for word, start in said if word == first), default=1e4))
    return sorted(found)


def main() -> int:
    """Print the figures; return 1 if a limit is missed, 2 if the extra is missing."""
    transcriber = FasterWhisper()
    try:
        made = transcriber.prepare()
    except TranscriberMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    sys.stdout.write(f"{made['engine']}, {made['model']} {str(made['modelSha256'])[:12]}, {made['threads']} threads\n")
    script = json.loads((SPEECH / "script.json").read_text(encoding="utf-8"))["lines"]
    wrong = total = 0
    cpu_s = sound_s = 0.0
    off: list[float] = []
    for name in ("speaker1.opus", "speaker2.opus"):
        lines = [line for line in script if line["file"] == name]
        told: list[float] = []
        begun = time.process_time()
        speech = asyncio.run(hear_speech(transcriber, str(SPEECH / name), "en", told.append))
        cpu_s, sound_s = cpu_s + time.process_time() - begun, sound_s + told[-1]
        truth = words(" ".join(line["text"] for line in lines))
        wrong += distance(truth, words(" ".join(segment.text for segment in speech.segments)))
        total += len(truth)
        off += off_ms(speech, lines)
    off.sort()
    median = off[len(off) // 2]
    sys.stdout.write(
        f"{sound_s:.1f} s of sound: {wrong} of {total} words wrong ({wrong / total:.1%}, limit {WRONG_MAX:.0%});"
        f" first words of {len(off)} lines off by {median:.0f} ms median (limit {OFF_MAX_MS:.0f}), {off[-1]:.0f} ms at most;"
        f" {cpu_s / sound_s:.3f} CPU s per s (limit {CPU_MAX});"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB\n"
    )
    return int(wrong / total > WRONG_MAX or median > OFF_MAX_MS or cpu_s / sound_s > CPU_MAX)


if __name__ == "__main__":
    sys.exit(main())
