"""Turn files into proxies, peaks and thumbnails at a terminal: `ruach derive`, no service needed."""

import asyncio
import json as jsons
import shutil
from pathlib import Path
from typing import Annotated

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.outdir import check_writable
from ruach_studio.infra.media import check_media
from ruach_studio.kernel.derivative import KINDS, Kind
from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.usecases.derive_files import Made, derive

Files = Annotated[list[Path], typer.Argument(help="Recordings.")]
_KIND_HELP = f"One of {', '.join(KINDS)}; repeat. Default: all that the file has sound and picture for."
Kinds = Annotated[list[str] | None, typer.Option("--kind", help=_KIND_HELP)]
Out = Annotated[Path, typer.Option("--out", "-o", help="The folder for what is made, a folder per file in it.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="derive")(derive_command)


def derive_command(
    files: Files, kind: Kinds = None, out: Out = Path("derived"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:  # fmt: skip
    """Make a seekable proxy, the waveform's peaks and thumbnails of recordings."""
    kinds = _kinds(kind)
    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        raise BadInput("two files have the same name", subject=", ".join(names), remedy="Give them one at a time.")
    wanted = [(file, each) for file in files for each in _fitting(file.absolute(), kinds, named=bool(kind))]
    check_writable(out)
    made = asyncio.run(_all(wanted, out, quiet=json))
    if json:
        show.print_json(made)
        return
    for each in made:
        show.line(f"{each['file']}: {each['kind']} in {each['folder']}")


async def _all(wanted: list[tuple[Path, Kind]], out: Path, *, quiet: bool) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    try:
        with show.Bars(quiet=quiet) as bars:
            for file, kind in wanted:

                def tell(part: float, left_s: float | None, name: str = f"{file.stem} {kind}") -> None:
                    bars.update(name, part, "" if left_s is None else f"{left_s:.0f} s left")

                done = await derive(file.absolute(), kind, out / ".making", tell)
                tell(1.0, 0.0)
                folder = await asyncio.to_thread(_put, done, out / file.stem, kind)
                made.append({"file": str(file), "kind": kind, "folder": str(folder), **done.facts})
    finally:
        await asyncio.to_thread(shutil.rmtree, out / ".making", ignore_errors=True)
    return made


def _put(done: Made, folder: Path, kind: Kind) -> Path:
    """Move the finished files into `folder`, the facts beside them as <kind>.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in done.folder.iterdir():
        file.replace(folder / file.name)
    show.write_text(folder / f"{kind}.json", jsons.dumps(done.facts, indent=2) + "\n")
    return folder


def _fitting(path: Path, kinds: list[Kind], *, named: bool) -> list[Kind]:
    """Return which of `kinds` the file can have. Raises BadMedia for a bad file, and for a kind that was named in vain."""
    info = check_media(path, need_audio=named and "peaks" in kinds, need_video=named and "thumbnails" in kinds)
    left_out = [kind for kind, has in (("peaks", info.audio), ("thumbnails", info.video)) if kind in kinds and has is None]
    for kind in left_out:
        show.ERR.print(f"{path.name}: no {kind}, it has no {'sound' if kind == 'peaks' else 'picture'}", soft_wrap=True)
    return [kind for kind in kinds if kind not in left_out]


def _kinds(named: list[str] | None) -> list[Kind]:
    wrong = [name for name in named or () if name not in KINDS]
    if wrong:
        raise BadInput(f"there is no kind {wrong[0]}", subject="--kind", remedy=f"Choose among {', '.join(KINDS)}.")
    return [kind for kind in KINDS if not named or kind in named]
