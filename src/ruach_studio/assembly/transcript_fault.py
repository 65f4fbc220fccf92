"""What is wrong with a transcript's file, gathered while it is read: it is refused whole, nothing is guessed."""

from collections.abc import Sequence

from ruach_studio.kernel.errors import BadInput

SHOWN_MAX = 20


class BadTranscript(BadInput):
    """The transcript cannot be used as it is."""

    code = "bad_transcript"


def refuse(faults: Sequence[str], *, subject: str) -> None:
    """Raise BadTranscript if there are `faults`: the first in its sentence, the first 20 in its details."""
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise BadTranscript(
            f"{faults[0]}{more}", subject=subject, remedy="Correct the file and import it again; nothing was saved.",
            faults=list(faults[:SHOWN_MAX]), count=len(faults),
        )  # fmt: skip
