"""Turn a bare EDL into the one that was asked for: J- or L-cuts, chapters, suggestions for shorts, stretches to leave out.

Everything is a function of the EDL, the published energy and the transcript; what was asked for stands in the EDL's
options. Counterparts: `picture_offset.py`, `chapters.py`, `shorts.py`, `omissions.py` hold the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ruach_studio.assembly.chapters import chapters
from ruach_studio.assembly.edl_model import CanonicalEDL
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.omissions import omissions
from ruach_studio.assembly.pauses import activity, pauses
from ruach_studio.assembly.picture_offset import offset_pictures
from ruach_studio.assembly.shorts import shorts
from ruach_studio.assembly.transcript import Transcript
from ruach_studio.kernel.errors import BadInput

PAUSE_MIN_S = 0.4


@dataclass(frozen=True, slots=True)
class Extras:
    """What the programme is to carry besides its cuts. `silence_dbfs`: what counts as silence; None = found by itself."""

    chapters: bool = False
    shorts: bool = False
    trim_silence: bool = False
    remove_filler: bool = False
    picture_offset_frames: int = 0
    silence_dbfs: float | None = None

    @property
    def reads_silence(self) -> bool:
        """Say whether something asked for looks for pauses."""
        return self.chapters or self.shorts or self.trim_silence

    @property
    def reads_transcript(self) -> bool:
        """Say whether something asked for reads a transcript if there is one."""
        return self.chapters or self.shorts or self.remove_filler

    def to_wire(self) -> dict[str, object]:
        """Return what was asked for under its names on the wire; what was not is left out."""
        names: Mapping[str, object] = {
            "includeChapters": self.chapters, "includeShorts": self.shorts, "trimSilence": self.trim_silence,
            "removeFiller": self.remove_filler, "pictureOffsetFrames": self.picture_offset_frames,
            "silenceThresholdDb": self.silence_dbfs if self.reads_silence else None,
        }  # fmt: skip
        return {name: value for name, value in names.items() if value}


def dress(
    edl: CanonicalEDL, extras: Extras, energy: EnergyMatrix, transcript: Transcript | None, *, min_shot_s: float
) -> CanonicalEDL:
    """Return `edl` with `extras`. Raises BadInput for a picture offset over 2 s, or fillers without the times of words."""
    if extras.remove_filler and transcript is None:
        raise BadInput(
            "fillers can only be found in a transcript, and the session has none", subject="removeFiller",
            remedy="Give the session a transcript with the times of its words, or leave removeFiller out.",
        )  # fmt: skip
    edl = offset_pictures(edl, extras.picture_offset_frames, min_shot_s=min_shot_s)
    edl = replace(edl, options={**edl.options, **extras.to_wire()})
    if not (extras.chapters or extras.shorts or extras.trim_silence or extras.remove_filler):
        return edl
    heard = activity(energy, extras.silence_dbfs)
    quiet = pauses(heard, PAUSE_MIN_S)
    return replace(
        edl,
        chapters=chapters(edl, quiet, transcript) if extras.chapters else edl.chapters,
        shorts=shorts(edl, heard, quiet, transcript) if extras.shorts else edl.shorts,
        omitted=omissions(edl, quiet, silence=extras.trim_silence, fillers=transcript if extras.remove_filler else None),
    )
