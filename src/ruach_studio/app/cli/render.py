"""Turn a locked EDL file into finished files, in the foreground: `ruach render`, also the way out of an outage."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.edl import EdlFile, Json, check_edl, read_edl
from ruach_studio.app.runner import open_runner
from ruach_studio.assembly.edl import to_wire
from ruach_studio.infra.settings import load_settings
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.usecases.render_files import Artifact, FileProgress, render_files

# How much of a format's bar each step fills; drawing the picture is nearly all of the work.
_SHARE = {"preflight": (0.0, 0.02), "render": (0.02, 0.88), "normalize": (0.9, 0.09), "upload": (0.99, 0.01)}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(render)


def render(
    file: EdlFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the finished files.")] = Path("out"),
    format: Annotated[list[str] | None, typer.Option("--format", "-f", help="Only this format; repeat for more.")] = None,  # noqa: A002
    runner: Annotated[
        Literal["ffmpeg", "cli"] | None,
        typer.Option("--runner", help="Who draws: ffmpeg, or cli (Remotion here). Default: RUACH_RENDER_RUNNER."),
    ] = None,
    json: Json = False,
) -> None:
    """Render a locked EDL to files: all four formats, or the ones named."""
    drawing = open_runner(load_settings(**({} if runner is None else {"render_runner": runner})))
    edl = read_edl(file)
    check_edl(file, edl)
    wire = to_wire(edl)
    with show.Bars(quiet=json) as bars:

        def report(progress: FileProgress) -> None:
            note = f"{progress.step} {progress.fps:.0f} fps" if progress.fps else progress.step
            bars.update(progress.format, overall(progress.step, progress.part), note)

        artifacts = asyncio.run(render_files(wire, format or list(PRESETS), out, report, runner=drawing))
    if json:
        show.print_json([_wire(artifact) for artifact in artifacts])
    else:
        show.OUT.print(show.artifacts_table([_row(artifact) for artifact in artifacts]))
        for artifact in artifacts:
            for note in artifact.notes:
                show.line(f"{artifact.format}: {note}")


def overall(step: str, part: float) -> float:
    """Return how far a format is as a whole (0..1), from `part` of its current `step`."""
    start, share = _SHARE[step]
    return start + share * part


def _row(made: Artifact) -> show.ArtifactRow:
    loudness = made.loudness
    return show.ArtifactRow(
        made.format, made.duration_s, made.size_bytes, loudness.lufs if loudness else None,
        loudness.true_peak_dbtp if loudness else None, str(made.path),
    )  # fmt: skip


def _wire(made: Artifact) -> dict[str, object]:
    loudness = made.loudness
    return {
        "format": made.format, "path": str(made.path), "contentType": made.content_type, "sizeBytes": made.size_bytes,
        "sha256": made.sha256, "frames": made.frames, "durationMs": round(made.duration_s * 1000, 3),
        "loudnessLufs": loudness.lufs if loudness else None,
        "truePeakDbtp": loudness.true_peak_dbtp if loudness else None,
        "decisions": [{"decision": v.decision, "reasons": list(v.reasons), "inputsHash": v.inputs_hash,
                       "rulesVersion": v.rules_version} for v in made.verdicts],
        "notes": list(made.notes),
    }  # fmt: skip
