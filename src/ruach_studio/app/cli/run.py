"""Turn one command into the whole job: `ruach run`, from raw footage to published artifacts, with bars and a table."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from ruach_studio.app.cli import show, show_sync, subtitles
from ruach_studio.app.cli.inputs import read_footage
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.cli.steps import Audio, Cameras, Master, Ruleset, Wide, camera_files
from ruach_studio.app.mainjob import Made, MainJob, main_job
from ruach_studio.app.outdir import place
from ruach_studio.app.wiring import open_store
from ruach_studio.assembly.edl import edl_bytes
from ruach_studio.assembly.exchange import export
from ruach_studio.assembly.usecases.draft import DraftOptions
from ruach_studio.infra.logging import configure
from ruach_studio.infra.settings import Settings
from ruach_studio.infra.storage.fetch import fetch
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.kernel.ids import checked_name


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    camera: Cameras, wide: Wide = None, audio: Audio = None, master: Master = None, json: Json = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the finished files.")] = Path("out"),
    rules: Annotated[Ruleset, typer.Option("--rules", help="The ruleset that chooses angles.")] = "angle-v2",
    session: Annotated[str | None, typer.Option("--session", help="Name the session (default: by its footage).")] = None,
    transcript: subtitles.File = None, transcript_of: subtitles.Of = None,
) -> None:  # fmt: skip
    """Sync, cut, approve, lock, render, master and store: raw multicam footage in, four published formats out."""
    settings = local_settings()
    footage = read_footage(camera, wide=wide, audio=audio or (), master=master)
    if session is not None:
        checked_name(session, field="--session")
    said = subtitles.given(transcript, transcript_of)
    options = DraftOptions(master=master, ruleset=rules)
    do(settings, MainJob(camera_files(footage), out, options, session, transcript=said), json=json)


def do(settings: Settings, job: MainJob, *, json: bool = False) -> Made:
    """Do the main job with progress bars, put the files into `job.out` and print what was made."""
    configure(settings)
    with show.Bars(quiet=json) as bars:
        made = asyncio.run(main_job(settings, job, bars.update))
    summary = deliver(settings, made, job.out)
    if json:
        show.print_json(summary)
    else:
        tell(settings, made, job.out)
    return made


def deliver(settings: Settings, made: Made, out: Path) -> dict[str, object]:
    """Put the artifacts, the EDL and its FCPXML into `out`; return the summary that is also written as report.json."""
    out.mkdir(parents=True, exist_ok=True)
    store = open_store(settings)
    artifacts = []
    for name, render in made.renders.items():
        stored = render.artifact
        if stored is None:
            continue
        target = out / f"{name}.{stored.key.rsplit('.', 1)[-1]}"
        if isinstance(store, LocalDiskStore):
            place(store.path_of(stored.key), target)
        else:
            asyncio.run(fetch(store, stored.key, target))
        artifacts.append({
            "format": name, "url": stored.url, "renderJobId": stored.render_job_id, "contentType": stored.content_type,
            "durationMs": stored.duration_ms, "frames": stored.frames, "sizeBytes": stored.size_bytes,
            "sha256": stored.sha256, "loudnessLufs": stored.loudness_lufs, "truePeakDbtp": stored.true_peak_dbtp,
            "notes": list(render.job.notes),
        })  # fmt: skip
    show.write_text(out / "edl.json", edl_bytes(made.edl).decode() + "\n")
    text, losses = export(made.edl, "fcpxml")
    show.write_text(out / "edl.fcpxml", text)
    placements = [
        {"camera": p.camera_id, "clip": p.clip_index, "offsetMs": p.offset_s * 1000, "driftPpm": p.drift_ppm,
         "confidence": p.confidence, "classification": p.classification} for p in made.solution.placements
    ]  # fmt: skip
    summary: dict[str, object] = {
        "sessionId": made.session_id, "correlationId": made.correlation_id, "master": made.solution.master,
        "sync": placements, "edl": show.as_wire(made.edl, {"rulesVersion": made.edl.rules_version}),
        "artifacts": artifacts, "notInFcpxml": list(losses),
    }  # fmt: skip
    show.write_text(out / "report.json", show.json_text(summary))
    return summary


def tell(settings: Settings, made: Made, out: Path) -> None:
    """Print the closing tables: sync, cuts, artifacts, and how to open the service."""
    show.OUT.print(show_sync.sync_table(made.solution))
    show.line(
        f"\n[bold]Cuts[/]\n{show.confidence_line(made.edl)} (EDL version {made.edl.version}, {made.edl.rules_version})\n"
    )
    rows = []
    for name, render in made.renders.items():
        stored = render.artifact
        if stored is not None:
            file = out / f"{name}.{stored.key.rsplit('.', 1)[-1]}"
            rows.append(show.ArtifactRow(name, (stored.duration_ms or 0) / 1000, stored.size_bytes, stored.loudness_lufs,
                                         stored.true_peak_dbtp, str(file)))  # fmt: skip
    show.OUT.print(show.artifacts_table(rows))
    show.line()
    for name, render in made.renders.items():
        show.line(f"{name:<11} {render.artifact.url if render.artifact else ''}")
    for name, render in made.renders.items():
        for note in render.job.notes:
            show.line(f"{name}: {note}")
    show.line(f"\nAlso in {out}/: edl.json, edl.fcpxml (for Final Cut Pro), report.json")
    show.line(f"Session {made.session_id}; the addresses above answer while the service runs:")
    for words in ("accounts create you@example.org --role operator", "serve"):
        show.line(f"  {this_command(settings)} {words}")
    show.line(f"then sign in at {settings.public_url}/auth/login; every route: {settings.public_url}/openapi.json")


def this_command(settings: Settings) -> str:
    """Return how this program was called, with the data folder it used if that is not the usual one."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "ruach" else "ruach"
    usual = settings.data_dir == Path(".ruach").absolute()
    return program if usual else f"RUACH_DATA_DIR={settings.data_dir} {program}"
