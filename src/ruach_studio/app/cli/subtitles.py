"""Turn `--transcript FILE --transcript-of CAMERA` into a transcript to import, or into that of an EDL file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.sync_model import Piece, Placement
from ruach_studio.assembly.transcript import tidy
from ruach_studio.assembly.transcript_place import Recorded, locked_wire, on_master, sha256_of, within
from ruach_studio.assembly.transcript_read import BYTES_MAX, read_transcript_file
from ruach_studio.assembly.usecases.import_transcript import TranscriptFile, recording_of
from ruach_studio.kernel.errors import BadInput

File = Annotated[Path | None, typer.Option("--transcript", help="SRT, WebVTT or JSON of what is said, for the subtitles.")]
Of = Annotated[
    str | None, typer.Option("--transcript-of", help="CAMERA or CAMERA:CLIP whose clock it has; default: the master's.")
]


def given(file: Path | None, of: str | None) -> TranscriptFile | None:
    """Read the options. Raises BadInput, OSError."""
    if file is None:
        if of is not None:
            raise BadInput("there is no --transcript", subject=f"--transcript-of {of}", remedy="Give its file too.")
        return None
    with file.open("rb") as opened:
        data = opened.read(BYTES_MAX + 1)
    read_transcript_file(data, file.name)  # what cannot be used is said before hours of work
    return TranscriptFile(data, file.name, of=None if of is None else recording_of(of))


def attached(edl: CanonicalEDL, file: TranscriptFile) -> CanonicalEDL:
    """Return `edl` with the transcript, placed by the EDL's own offsets. Raises BadTranscript, BadInput."""
    read = read_transcript_file(file.data, file.name)
    clock, length_ms = {}, edl.duration_ms
    if file.of is not None:
        camera, index = file.of
        clips = edl.sources[camera].clips if camera in edl.sources else ()
        if index >= len(clips):
            raise BadInput(
                "the EDL has no such recording", subject=f"{camera}:{index + 1}", remedy=f"It has {', '.join(edl.sources)}."
            )
        clip, length_ms = clips[index], clips[index].duration_ms
        pieces = tuple(Piece(each.from_ms / 1000, each.offset_ms / 1000) for each in clip.pieces)
        place = Placement(camera, index, clip.offset_ms / 1000, clip.drift_ppm, 1.0, "looks-good", 0.0, pieces=pieces)
        clock = {file.of: place}
    kept = within(read.segments, read.cues, length_ms, leave_out=False, subject=file.name)
    recorded = [Recorded(i, segment, file.of) for i, segment in enumerate(tidy(kept.segments).segments, 1)]
    said = on_master(recorded, clock, edl.duration_ms)
    if said is None:
        raise BadInput("nothing of it is said within the programme", subject=file.name, remedy="Is it of this recording?")
    return replace(edl, transcript=locked_wire(said, language=read.language, sha256=sha256_of(recorded, read.language)))
