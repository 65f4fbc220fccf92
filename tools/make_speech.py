"""Turn the written dialogue into the small speech files of the demo talk, with Debian's `flite`.

Run once by a developer (`apt-get install flite`, then `python tools/make_speech.py`); users get the finished files as
package data. Each line is spoken, trimmed below -45 dBFS, brought to -23 dBFS RMS, laid into one file a speaker with 0.4 s
between lines and encoded as Opus 24 kbit/s. `script.json` says where each line lies and how the talk places it.
"""

import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from ruach_studio.testing import speech

VOICES = {"1": "slt", "2": "rms"}
NAMES = {"1": "Ruth", "2": "Daniel"}
RATE = 16_000
SPACE_S = 0.4
RMS = 10 ** (-23 / 20)

# (speaker, kind, gap_s after the turn before; for a backchannel: seconds into the turn before, text)
LINES: tuple[tuple[str, str, float, str], ...] = (
    ("1", "turn", 0.6,
        "Welcome back to the table. Today we want to talk about hospitality, and about how a simple meal can "
        "become a place where people grow."),
    ("2", "turn", 0.5,
        "Thank you for having me. I will say it plainly: I learned more about faith in my grandmother's "
        "kitchen than in any classroom."),
    ("1", "turn", 0.4, "And what happened in that kitchen?"),
    ("2", "turn", 0.5,
        "Nothing grand. She kept one chair empty on purpose. She told us that the chair belonged to whoever "
        "was still on the road, and so every week somebody new sat down in it."),
    ("1", "backchannel", 5.2, "Yes."),
    ("1", "turn", 0.4, "I love that. An empty chair is an invitation that you can see."),
    ("2", "turn", 0.4,
        "It did something to us children as well. We had to move over, we had to listen, and we could not "
        "always have the last potato."),
    ("1", "turn", -2.0, "So you had to share the conversation, too."),
    ("2", "turn", 3.0, "When a stranger comes to your group, who notices first?"),
    ("1", "turn", 0.6,
        "Honestly, it is never me. It is the two teenagers who make the tea. They see a face they do not "
        "know, and they carry a cup across the room before anybody has said hello."),
    ("2", "backchannel", 6.0, "Right."),
    ("2", "turn", 0.4, "Then they are your teachers."),
    ("1", "turn", 0.5,
        "They are. Discipleship sounds like a long word, but most days it looks like a cup of tea and "
        "somebody who remembers your name."),
    ("2", "turn", 0.5, "So what would you say to a listener who is shy?"),
    ("1", "turn", 0.6,
        "Start small. Choose one evening, set one extra place, and do not clean the house too carefully. "
        "People do not come for the house. They come because somebody asked."),
    ("2", "turn", 0.4, "Set one extra place. I can do that."),
    ("1", "turn", 0.5, "So can I. May there be peace at your table."),
)  # fmt: skip


def spoken(voice: str, text: str, scratch: Path) -> npt.NDArray[np.float64]:
    """Return one line as float samples at 16 kHz, trimmed and levelled."""
    path = scratch / "line.wav"
    subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
    with wave.open(str(path), "rb") as file:
        if file.getframerate() != RATE or file.getnchannels() != 1:
            raise SystemExit(f"voice {voice} speaks at {file.getframerate()} Hz, expected {RATE} Hz mono")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768.0
    loud = np.flatnonzero(np.abs(samples) > 10 ** (-45 / 20))
    samples = samples[max(0, int(loud[0]) - 160) : int(loud[-1]) + 800]
    return np.asarray(samples * (RMS / np.sqrt(np.mean(samples**2))))


def main() -> int:
    """Write host and guest speech, and the script; print the sizes."""
    folder = Path(next(iter(speech.__path__)))
    pieces: dict[str, list[npt.NDArray[np.float64]]] = {"1": [], "2": []}
    place = {"1": SPACE_S, "2": SPACE_S}
    lines: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for number, (speaker, kind, gap_s, text) in enumerate(LINES, start=1):
            samples = spoken(VOICES[speaker], text, Path(scratch))
            dur_s = len(samples) / RATE
            placed = {"file": f"speaker{speaker}.opus", "start_s": round(place[speaker], 6), "dur_s": round(dur_s, 6)}
            lines.append({"id": f"L{number:02d}", "speaker": speaker, "kind": kind, "gap_s": gap_s, "text": text, **placed})
            pieces[speaker] += [np.zeros(round(SPACE_S * RATE)), samples]
            place[speaker] += dur_s + SPACE_S
        for speaker, parts in pieces.items():
            samples = np.concatenate([*parts, np.zeros(round(SPACE_S * RATE))])
            if np.abs(samples).max() > 1:
                raise SystemExit(f"speaker {speaker} clips: {np.abs(samples).max():.2f}")
            raw = (samples * 32767).astype("<i2").tobytes()
            out = folder / f"speaker{speaker}.opus"
            arguments = f"-nostdin -hide_banner -loglevel error -y -f s16le -ar {RATE} -ac 1 -i pipe:0".split()
            encode = ["-c:a", "libopus", "-b:a", "24k", "-application", "voip"]
            encode += ["-map_metadata", "-1", "-fflags", "+bitexact"]
            subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *arguments, *encode, str(out)], input=raw, check=True)
            print(f"{out.name}: {out.stat().st_size / 1000:.0f} kB, {len(samples) / RATE:.1f} s")
    script = {"title": "One extra place", "rate": RATE, "speakers": NAMES, "voices": VOICES, "lines": lines}
    (folder / "script.json").write_text(json.dumps(script, indent=1) + "\n", encoding="utf-8")
    for line in lines:
        print(f"{line['id']} {line['speaker']} {line['kind']:12} {line['dur_s']:6.2f} s  {line['text'][:60]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
