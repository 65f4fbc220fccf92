"""Turn a locked EDL file into finished files, in the foreground: `ruach render`, also the way out of an outage."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.edl import EdlFile, check_edl, read_edl
from ruach_studio.app.cli.formats import read_preset_file
from ruach_studio.app.cli.frame import place_of
from ruach_studio.app.cli.show import Json
from ruach_studio.app.runner import open_runner
from ruach_studio.assembly.edl import to_wire
from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.lettering_style import Captions, Chapters, LetteringStyle
from ruach_studio.render.presets import PRESETS, BadPreset, Preset, read_preset
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
    captions: Annotated[
        Captions | None, typer.Option(help="burn: draw them and write files; files: only files; off: neither.")
    ] = None,
    karaoke: Annotated[bool, typer.Option("--karaoke", help="Light the word that is being said.")] = False,
    chapters: Annotated[Chapters | None, typer.Option(help="on: cards, file and metadata; off: none.")] = None,
    preset: Annotated[list[Path] | None, typer.Option("--preset", help="A format of your own: TOML or JSON.")] = None,
    frame: Annotated[list[str] | None, typer.Option("--frame", help="CAMERA=X: where its subject stands, 0..1.")] = None,
    runner: Annotated[
        Literal["ffmpeg", "cli"] | None,
        typer.Option("--runner", help="Who draws: ffmpeg, or cli (Remotion here). Default: RUACH_RENDER_RUNNER."),
    ] = None,
    json: Json = False,
) -> None:
    """Render a locked EDL to files: all four formats, or the ones named or given."""
    drawing = open_runner(load_settings(**({} if runner is None else {"render_runner": runner})))
    edl = read_edl(file)
    check_edl(file, edl)
    wire = to_wire(edl)
    others = own_presets(preset or [])
    wanted = [*(format or ([] if others else list(PRESETS))), *(each.name for each in others)]
    places = dict(_place(text, set(edl.sources)) for text in frame or [])
    with show.Bars(quiet=json) as bars:

        def report(progress: FileProgress) -> None:
            note = f"{progress.step} {progress.fps:.0f} fps" if progress.fps else progress.step
            bars.update(progress.format, overall(progress.step, progress.part), note)

        def lettering(style: LetteringStyle) -> LetteringStyle:
            return replace(
                style,
                captions=captions or style.captions,
                karaoke=karaoke or style.karaoke,
                chapters=chapters or style.chapters,
            )

        artifacts = asyncio.run(
            render_files(wire, wanted, out, report, runner=drawing, places=places, others=others, lettering=lettering)
        )
    if json:
        show.print_json([_wire(artifact) for artifact in artifacts])
    else:
        show.OUT.print(show.artifacts_table([_row(artifact) for artifact in artifacts]))
        for artifact in artifacts:
            for note in artifact.notes:
                show.line(f"{artifact.format}: {note}")


def own_presets(files: Sequence[Path]) -> list[Preset]:
    """Read formats from files. Raises BadPreset, also where two share a name or one has a standard format's."""
    found: dict[str, Preset] = {}
    for path in files:
        made = read_preset(read_preset_file(path))
        if made.name in PRESETS or made.name in found:
            raise BadPreset(f"there is a format {made.name!r} already", subject=str(path), remedy="Give it another name.")
        found[made.name] = made
    return list(found.values())


def _place(text: str, cameras: set[str]) -> tuple[str, Fraction]:
    camera, _, x = text.partition("=")
    place = place_of(x)
    if camera not in cameras or place is None or not 0 <= place <= 1:
        raise BadInput(f"{text!r} places no subject", subject="--frame",
                       remedy=f"For example {min(cameras)}=0.4; the cameras are {', '.join(sorted(cameras))}.")  # fmt: skip
    return camera, Fraction(x)


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
        "notes": list(made.notes), "files": [str(path) for path in made.files],
    }  # fmt: skip
