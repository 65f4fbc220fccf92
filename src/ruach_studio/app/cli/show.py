"""Turn results into what a person reads at a terminal: tables, progress bars, and JSON when asked."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from ruach_studio.kernel.hashing import plain
from ruach_studio.kernel.timebase import clock_text

if TYPE_CHECKING:  # loading them takes longer than most commands that show something else
    from ruach_studio.assembly.edl import CanonicalEDL
    from ruach_studio.assembly.usecases.hearing import Hearing

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
# Colour never stands alone: each band and class has its word (WCAG 1.4.1).
BAND_STYLE = {"high": "green", "medium": "yellow", "low": "red"}
CLASS_STYLE = {"looks-good": "green", "review-suggested": "yellow", "needs-manual-nudge": "red"}
MIN_WIDTH = 100  # narrower tables would cut off what they are for; a narrow terminal wraps instead
OUT = Console(highlight=False)
if OUT.width < MIN_WIDTH:
    OUT.width = MIN_WIDTH
ERR = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """One published file as the closing table shows it; None where a still has none."""

    format: str
    duration_s: float
    size_bytes: int
    lufs: float | None
    dbtp: float | None
    place: str


def json_text(value: object) -> str:
    """Return `value` as indented JSON; NaN and infinities as strings."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n"


def print_json(value: object) -> None:
    """Print `value` as indented JSON on standard output."""
    sys.stdout.write(json_text(value))


def cuts_table(edl: "CanonicalEDL") -> Table:
    """Return a row per cut: when, which camera, why and how sure."""
    rows = new_table("Cuts", "#>", "from>", "frames>", "camera", "reason", "confidence", "why")
    for number, cut in enumerate(edl.program, 1):
        start = clock_text(float(edl.fps.seconds(cut.start_frame)))
        band = f"[{BAND_STYLE[cut.band]}]{cut.band} {cut.confidence:.2f}[/]"
        rows.add_row(
            str(number), start, str(cut.frames), cut.camera, cut.reason, band, cut.reasons[0] if cut.reasons else ""
        )
    return rows


def confidence_line(edl: "CanonicalEDL") -> str:
    """Return '14 cuts: 12 high, 2 medium, 0 low' with the times of the low ones."""
    bands = {band: [cut for cut in edl.program if cut.band == band] for band in BAND_STYLE}
    counts = ", ".join(f"[{BAND_STYLE[band]}]{len(cuts)} {band}[/]" for band, cuts in bands.items())
    low = ", ".join(clock_text(float(edl.fps.seconds(cut.start_frame))) for cut in bands["low"][:8])
    gone = f"; {float(edl.fps.seconds(edl.omitted_frames)):.1f} s fall out ({len(edl.omitted)} stretches)"
    return f"{len(edl.program)} cuts: {counts}" + (f"; look at {low}" if low else "") + gone * bool(edl.omitted)


def artifacts_table(rows: Sequence[ArtifactRow], title: str = "Published") -> Table:
    """Return a row per artifact: format, length, size, loudness, true peak, and where it is."""
    shown = new_table(title, "format", "length>", "size>", "LUFS>", "dBTP>", "where")
    for row in rows:
        shown.add_row(
            row.format, clock_text(row.duration_s) if row.duration_s else "still", f"{row.size_bytes / 1e6:.1f} MB",
            "" if row.lufs is None else f"{row.lufs:.1f}", "" if row.dbtp is None else f"{row.dbtp:.1f}", row.place,
        )  # fmt: skip
    return shown


def line(text: str = "") -> None:
    """Print a line as it is, however long: an address or a path must survive being copied."""
    OUT.print(text, soft_wrap=True)


class Bars:
    """One progress bar per piece of work, on standard error; plain lines where that is no terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.percentage:>4.0f} %"),
            TextColumn("{task.fields[note]:<34}"), TimeRemainingColumn(), console=ERR, disable=quiet,
        )  # fmt: skip
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, name: str, part: float, note: str = "") -> None:
        """Show that `name` is at `part` (0..1)."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=1.0, note="")
        self._progress.update(self._tasks[name], completed=part, note=note)

    def hearing(self, now: "Hearing") -> None:
        """Show how far each file is listened to; may be called from any thread."""
        for file in now.files:
            note = "listen" if file.eta_s is None or file.part >= 1 else f"listen, {file.eta_s:.0f} s left"
            self.update(f"{file.camera_id} {file.clip_index + 1}", file.part, note)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` at once or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def new_table(title: str, *columns: str) -> Table:
    """Return an empty table; a column whose name ends in `>` is set right."""
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", show_edge=False, pad_edge=False
    )
    for name in columns:
        right = name.endswith(">")
        table.add_column(name.rstrip(">"), justify="right" if right else "left", no_wrap=right or name != "why",
                         overflow="fold")  # fmt: skip
    return table


def as_wire(edl: "CanonicalEDL", extra: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return what `--json` prints of an EDL: its counts and where it stands."""
    return {"sessionId": edl.session_id, "version": edl.version, "status": edl.status, **edl.metrics(), **(extra or {})}
