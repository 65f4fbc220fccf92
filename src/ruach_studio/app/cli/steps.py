"""Turn one step of assembly into a command of its own: sync, energy, assemble. Files in, a table or JSON out."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from ruach_studio.app.cli import render, show, show_sync
from ruach_studio.app.cli.edl_options import read_options
from ruach_studio.app.cli.inputs import Footage, read_footage
from ruach_studio.app.cli.show import Json
from ruach_studio.app.naming import session_of
from ruach_studio.app.outdir import check_file, check_writable
from ruach_studio.assembly.edl import edl_bytes
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.draft import CameraFiles, Draft, DraftOptions, draft
from ruach_studio.assembly.usecases.footage import gather, hear
from ruach_studio.assembly.usecases.get_energy import float32_bytes
from ruach_studio.assembly.usecases.hearing import follow
from ruach_studio.assembly.usecases.place import place
from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.ids import checked_name

Cameras = Annotated[
    list[str], typer.Option("--camera", help="NAME=FILE, or NAME=PART1,PART2 for a split recording; repeat.")
]
Wide = Annotated[str | None, typer.Option("--wide", help="The camera that shows everyone.")]
Audio = Annotated[
    list[str] | None,
    typer.Option("--audio", help="FILE, or PART1,PART2: a separate sound recording (mixer, lavalier); repeat."),
]
Master = Annotated[
    str | None,
    typer.Option("--master", help="The camera whose start is 0 (default: the best sounding one that is not wide)."),
]
Ruleset = Literal["angle-v1", "angle-v2"]
STEP_PART = {"probe": 0.02, "listen": 0.05, "sync": 0.6, "energy": 0.85, "angles": 0.9}


@dataclass(frozen=True, slots=True)
class Inputs:
    """Footage with the folder that keeps what was heard."""

    footage: Footage
    scratch: Path

    @property
    def files(self) -> list[CameraFiles]:
        """Return the cameras as the pipeline takes them, the audio track last."""
        return camera_files(self.footage)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (sync, energy, assemble):
        app.command()(command)
    render.register(app)


def sync(camera: Cameras, wide: Wide = None, audio: Audio = None, master: Master = None, json: Json = False) -> None:
    """Find offset, drift and confidence of every recording."""
    given = _inputs(camera, wide, audio, master)

    async def work() -> tuple[SessionSources, SyncSolution]:
        sources = await gather(given.files)
        with show.Bars(quiet=json) as bars:
            tracks = await hear(sources, given.scratch, follow(sources, bars.hearing))
        return sources, await place(sources, tracks, master, scratch=given.scratch)

    sources, solution = asyncio.run(work())
    if json:
        show.print_json(show_sync.sync_json(solution))
    else:
        show_sync.print_sync(solution, sources)


def energy(
    camera: Cameras, wide: Wide = None, audio: Audio = None, master: Master = None, json: Json = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the matrix as .npz.")] = None,
    raw: Annotated[Path | None, typer.Option("--raw", help="A folder for NAME.f32 files, little-endian float32.")] = None,
) -> None:  # fmt: skip
    """Measure the level of every camera per 500 ms on the master timeline, in dBFS."""
    given = _inputs(camera, wide, audio, master)
    if out is not None:
        check_file(out)
    if raw is not None:
        check_writable(raw)
    made = _draft(given, DraftOptions(master=master, allow_unsure=True), quiet=json)
    matrix = made.matrices[500]
    if out is not None:
        with out.open("wb") as file:
            np.savez_compressed(file, dbfs=matrix.dbfs, cameras=np.array(matrix.cameras), window_ms=matrix.window_ms)
    if raw is not None:
        raw.mkdir(parents=True, exist_ok=True)
        for name in matrix.cameras:
            (raw / f"{name}.f32").write_bytes(float32_bytes(matrix, name))
    if json:
        columns = {name: [float(v) for v in matrix.dbfs[:, i]] for i, name in enumerate(matrix.cameras)}
        show.print_json({"windowMs": matrix.window_ms, "unit": "dBFS", "cameras": columns})
        return
    for index, name in enumerate(matrix.cameras):
        heard = matrix.dbfs[:, index][np.isfinite(matrix.dbfs[:, index])]
        levels = np.percentile(heard, [10, 50, 95]) if heard.size else [float("nan")] * 3
        show.line(f"{name}: {heard.size} of {len(matrix.dbfs)} windows; floor {levels[0]:.1f}, "
                       f"median {levels[1]:.1f}, loud {levels[2]:.1f} dBFS")  # fmt: skip


def assemble(
    camera: Cameras, wide: Wide = None, audio: Audio = None, master: Master = None, json: Json = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the draft EDL goes.")] = Path("talk.edl.json"),
    rules: Annotated[Ruleset, typer.Option("--rules", help="The ruleset that chooses angles.")] = "angle-v2",
    session: Annotated[str | None, typer.Option("--session", help="Name the session (default: by its footage).")] = None,
    allow_unsure: Annotated[bool, typer.Option("--allow-unsure", help="Go on with an unplaced recording.")] = False,
    options: Annotated[
        Path | None, typer.Option("--options", help='JSON of EDL options: {"includeChapters": true, …}; docs/reference.')
    ] = None,
) -> None:  # fmt: skip
    """Make a draft EDL: every cut with its reason and its confidence."""
    given = _inputs(camera, wide, audio, master)
    if session is not None:
        checked_name(session, field="--session")
    check_file(out)
    chosen = read_options(options, DraftOptions(master=master, ruleset=rules, allow_unsure=allow_unsure))
    made = _draft(given, chosen, session=session, quiet=json)
    show.write_text(out, edl_bytes(made.edl).decode() + "\n")
    if json:
        show.print_json(show.as_wire(made.edl, {"file": str(out)}))
        return
    show.OUT.print(show_sync.sync_table(made.solution))
    show.OUT.print(show.confidence_line(made.edl))
    show.line(f"{out}: draft EDL; next: ruach edl show {out}, then approve, lock, and ruach render {out}")


def camera_files(footage: Footage) -> list[CameraFiles]:
    """Return the cameras in the given order, the separate sounds last."""
    cameras = [
        CameraFiles(name, _absolute(paths), "wide" if name == footage.wide else "camera")
        for name, paths in footage.cameras.items()
    ]
    return [*cameras, *(CameraFiles(name, _absolute(paths), "audio") for name, paths in footage.sounds.items())]


def _absolute(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the paths as an EDL keeps them: good from any folder."""
    return tuple(path.absolute() for path in paths)


def _inputs(camera: list[str], wide: str | None, audio: list[str] | None, master: str | None) -> Inputs:
    footage = read_footage(camera, wide=wide, audio=audio or (), master=master)
    return Inputs(footage, load_settings().data_dir / "scratch")


def _draft(given: Inputs, options: DraftOptions, *, session: str | None = None, quiet: bool) -> Draft:
    async def work() -> Draft:
        await gather(given.files)  # every file is checked before any is opened for long
        name = session if session is not None else await asyncio.to_thread(session_of, given.files)
        with show.Bars(quiet=quiet) as bars:

            def tell(step: str, part: float) -> None:
                bars.update("assemble", 1.0 if part == 1.0 else STEP_PART[step], step)

            return await draft(name, given.files, options, scratch=given.scratch, progress=tell, hearing=bars.hearing)

    return asyncio.run(work())
