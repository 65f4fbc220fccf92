"""Turn settings into what writes down speech. Loading it costs nothing until it is used."""

from ruach_studio.assembly.ports import Transcriber
from ruach_studio.assembly.runners.faster_whisper import FasterWhisper
from ruach_studio.infra.settings import Settings


def transcriber_of(settings: Settings) -> Transcriber:
    """Return the transcriber of this machine."""
    return FasterWhisper(settings.transcribe_model, threads=settings.transcribe_threads)
