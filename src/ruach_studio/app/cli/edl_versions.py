"""Turn EDL files into statistics and differences, and edits into the next version of a file, at the terminal."""

import json as json_
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, get_args

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.edl import EdlFile, app, check_edl, read_edl, refusals
from ruach_studio.app.cli.show import Json
from ruach_studio.assembly.edit_wire import edit_from_wire, edit_to_wire
from ruach_studio.assembly.edl import Origin, edl_bytes
from ruach_studio.assembly.edl_diff import Change, diff
from ruach_studio.assembly.edl_stats import Share, statistics
from ruach_studio.assembly.review import apply_edits, invert_all, tracks_hash
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.timebase import clock_text


@app.command("stats")
def stats(file: EdlFile, json: Json = False) -> None:
    """Say how fast it cuts, who is shown how long, how sure the cuts are and why they are made."""
    edl = read_edl(file)
    numbers = statistics(edl)
    if json:
        show.print_json(asdict(numbers))
        return
    show.line(
        f"{numbers.cut_count} cuts in {clock_text(numbers.duration_s)}: {numbers.cuts_per_minute:g} per minute, "
        f"average {numbers.average_shot_s:g} s, median {numbers.median_shot_s:g} s, "
        f"{numbers.shortest_shot_s:g} to {numbers.longest_shot_s:g} s"
    )
    show.line(
        f"{numbers.speaker_switches} speaker switches; {numbers.approved} cuts approved, {numbers.locked} locked; "
        f"{numbers.omitted_s:g} s fall out of renders and exports"
    )
    for title, shares in (("camera", numbers.cameras), ("confidence", numbers.bands), ("reason", numbers.reasons)):
        show.line(f"{title}: {', '.join(_share(share) for share in shares if share.cuts or title == 'camera')}")


@app.command("diff")
def compare(
    file: EdlFile, other: Annotated[Path, typer.Argument(help="The later version, as JSON.")], json: Json = False
) -> None:
    """Say what leads from one version to another: cuts added, removed, changed, and the rest."""
    before, after = read_edl(file), read_edl(other)
    found = diff(before, after)
    if json:
        show.print_json(asdict(found))
        return
    for mark, cuts in (("+", found.added), ("-", found.removed)):
        for cut in cuts:
            show.line(
                f"{mark} {clock_text(float(after.fps.seconds(cut.start_frame)))} camera {cut.camera}, {cut.frames} frames"
            )
    for each in found.changed:
        told = "; ".join(_change(change) for change in each.changes if change.field not in ("startMs", "endMs", "reasons"))
        show.line(f"~ {clock_text(float(after.fps.seconds(each.cut.start_frame)))} {told or 'reasons'}")
    for change in found.header:
        show.line(f"~ {_change(change)}")
    show.line(
        "no difference" if found.same
        else f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed; "
        f"{found.changed_frames} frames show another camera"
    )  # fmt: skip


@app.command("edit")
def edit(
    file: EdlFile,
    edits: Annotated[Path, typer.Option("--edits", help='JSON: [{"op": "trim", "cutId": "…", "startFrame": 190}, …].')],
    undo: Annotated[Path | None, typer.Option("--undo", help="Write the edits that take these back.")] = None,
    json: Json = False,
) -> None:
    """Make edits, all or none; the file becomes the next version."""
    edl = read_edl(file)
    check_edl(file, edl)
    try:
        wanted = json_.loads(edits.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"it cannot be read as JSON ({error})", subject=str(edits), remedy="Give a list of edits.") from error
    if not isinstance(wanted, list) or not all(isinstance(each, dict) for each in wanted):
        raise BadInput("it is no list of edits", subject=str(edits), remedy="Write [ {…}, {…} ].")
    values = [edit_from_wire(each, edl.fps) for each in wanted]
    with refusals(file):
        edited = apply_edits(edl, values, version=edl.version + 1)
    inverse = [edit_to_wire(each, edl.fps) for each in invert_all(edl, values)]
    inverse[-1] |= {"undoes": {"source": edl.source, "tracks": tracks_hash(edl)}}
    undone = wanted[-1].get("undoes")
    if isinstance(undone, dict) and undone.get("tracks") == tracks_hash(edited) and undone.get("source") in get_args(Origin):
        edited = replace(edited, source=undone["source"])  # all that was edited is taken back
    if undo is not None:
        show.write_text(undo, show.json_text(inverse) + "\n")
    show.write_text(file, edl_bytes(edited).decode() + "\n")
    if json:
        show.print_json(show.as_wire(edited, {"file": str(file), "undo": inverse}))
    else:
        typer.echo(f"{file}: version {edited.version}, {edited.status}")


def _share(share: Share) -> str:
    return f"{share.name} {share.share:.0%} ({share.cuts} {'cut' if share.cuts == 1 else 'cuts'}, {share.seconds:g} s)"


def _change(change: Change) -> str:
    if isinstance(change.before, dict | list) or isinstance(change.after, dict | list):
        return f"{change.field} differ"
    return f"{change.field}: {change.before} -> {change.after}"
