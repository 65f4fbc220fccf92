"""Turn an EDL file into a review at the terminal: show, approve, lock, export. No service is needed."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ruach_studio.app.cli import show, subtitles
from ruach_studio.app.cli.show import Json
from ruach_studio.assembly.edl import (
    CanonicalEDL,
    EdlIsLocked,
    EdlStateConflict,
    edl_bytes,
    next_state,
    to_wire,
    validate_edl,
)
from ruach_studio.assembly.edl_state import Action
from ruach_studio.assembly.exchange import FCPXML_VERSIONS, FORMATS, IMPORT_MAX_BYTES, IMPORTS, BadReturn, import_back
from ruach_studio.assembly.exchange import export as export_edl
from ruach_studio.assembly.exchange.json import read_json
from ruach_studio.assembly.review import new_draft
from ruach_studio.kernel.errors import BadInput

app = typer.Typer(no_args_is_help=True)
EdlFile = Annotated[Path, typer.Argument(help="An EDL as JSON, made by `ruach assemble` or `ruach run`.")]


@app.command("show")
def show_edl(file: EdlFile, json: Json = False) -> None:
    """List the cuts with their reasons and confidence, and what the validator says."""
    edl = read_edl(file)
    report = validate_edl(edl)
    if json:
        issues = {"errors": [e.message for e in report.errors], "warnings": [w.message for w in report.warnings]}
        show.print_json({**to_wire(edl), **issues})
        return
    show.OUT.print(show.cuts_table(edl))
    show.line(f"{show.confidence_line(edl)}; status {edl.status}, version {edl.version}, rules {edl.rules_version}")
    for issue in report.errors:
        show.line(f"error: {issue.message}")
    for issue in report.warnings:
        show.line(f"warning: {issue.message}")


@app.command()
def approve(file: EdlFile, json: Json = False) -> None:
    """Approve a reviewed EDL (it is submitted first if it is still a draft)."""
    edl = read_edl(file)
    if edl.status == "draft":
        edl = _step(file, edl, "submit")
    _save(file, _step(file, edl, "approve"), json)


@app.command()
def lock(file: EdlFile, transcript: subtitles.File = None, transcript_of: subtitles.Of = None, json: Json = False) -> None:
    """Lock an approved EDL for good; only a locked EDL renders, with the transcript that it was locked with."""
    said = subtitles.given(transcript, transcript_of)
    edl = read_edl(file)
    check_edl(file, edl)
    edl = _step(file, edl, "lock")
    _save(file, edl if said is None else subtitles.attached(edl, said), json)


@app.command()
def draft(
    file: EdlFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the draft; the locked EDL stays as it is.")],
    json: Json = False,
) -> None:
    """Start a new draft from a locked EDL: the next version, with its cuts. The transcript is given again at its lock."""
    edl = read_edl(file)
    if out.exists():
        raise BadInput("it is there already", subject=str(out), remedy="Give the draft a name that is free.")
    with refusals(file):
        made = new_draft(edl)
    _save(out, made, json)


@app.command()
def export(
    file: EdlFile,
    format: Annotated[str, typer.Option("--format", "-f", help=f"One of: {', '.join(FORMATS)}.")] = "fcpxml",  # noqa: A002
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write; standard output if not given.")] = None,
    fcpxml_version: Annotated[
        str | None, typer.Option("--fcpxml-version", help=f"One of: {', '.join(FCPXML_VERSIONS)}; with fcpxml only.")
    ] = None,
) -> None:
    """Write the EDL for another program; what that format cannot hold is listed."""
    edl = read_edl(file)
    if format in FORMATS and format != "json":
        check_edl(file, edl)
    text, losses = export_edl(edl, format, fcpxml_version=fcpxml_version)
    if out is None:
        typer.echo(text)
    else:
        show.write_text(out, text)
        typer.echo(f"{out}: written", err=True)
    for loss in losses:
        typer.echo(f"not in {format}: {loss}", err=True)


@app.command("import")
def take_back(
    file: EdlFile,
    edited: Annotated[Path, typer.Argument(help="What the editing program wrote.")],
    format: Annotated[str, typer.Option("--format", "-f", help=f"One of: {', '.join(IMPORTS)}.")] = "fcpxml",  # noqa: A002
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write the next version; the EDL file itself if not given.")
    ] = None,
    json: Json = False,
) -> None:
    """Take back what was edited in another program; the EDL becomes the next version, a draft again."""
    edl = read_edl(file)
    if not edited.is_file():
        raise BadInput("there is no such file", subject=str(edited), remedy="Name the file that the editing program wrote.")
    with edited.open("rb") as stream:
        content = stream.read(IMPORT_MAX_BYTES + 1)
    try:
        with refusals(file):
            imported = import_back(edl, format, content, version=edl.version + 1)
    except BadReturn as error:
        raise BadReturn(error.fact, subject=str(edited), remedy=error.remedy) from error
    for notice in imported.notices:
        typer.echo(f"{edited}: {notice}", err=True)
    if imported.same:
        typer.echo(f"{edited}: it shows just what the EDL shows; nothing is written", err=True)
        return
    typer.echo(f"{edited}: {len(imported.changed)} cuts new or changed, {len(imported.removed)} gone", err=True)
    _save(out or file, imported.edl, json)


def read_edl(file: Path) -> CanonicalEDL:
    """Read an EDL file, or raise BadInput naming the file, the fact and the remedy."""
    if not file.is_file():
        raise BadInput(
            "there is no such file", subject=str(file), remedy="Make one with `ruach assemble … -o talk.edl.json`."
        )
    try:
        return read_json(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput("it is not text", subject=str(file), remedy="Name an EDL file, not a film.") from error
    except BadInput as error:
        raise BadInput(error.fact, subject=str(file), remedy=error.remedy) from error


def check_edl(file: Path, edl: CanonicalEDL) -> None:
    """Raise BadInput with the first error that the validator finds."""
    report = validate_edl(edl)
    if not report.ok:
        raise BadInput(
            report.errors[0].message, subject=str(file), remedy="Correct the EDL; `ruach edl show` lists every error."
        )


@contextmanager
def refusals(file: Path) -> Iterator[None]:
    """Let what the EDL's state does not allow name the file, and the command that goes on from a locked one."""
    try:
        yield
    except EdlStateConflict as error:
        start = f"Start a new draft from it: `ruach edl draft {shlex.quote(str(file))} -o NEXT.edl.json`."
        remedy = start if isinstance(error, EdlIsLocked) else error.remedy
        raise type(error)(error.fact, subject=str(file), remedy=remedy) from error


def _step(file: Path, edl: CanonicalEDL, action: Action) -> CanonicalEDL:
    with refusals(file):
        return replace(edl, status=next_state(edl.status, action))


def _save(file: Path, edl: CanonicalEDL, json: bool) -> None:
    show.write_text(file, edl_bytes(edl).decode() + "\n")
    if json:
        show.print_json(show.as_wire(edl, {"file": str(file)}))
    else:
        typer.echo(f"{file}: {edl.status}")
