"""Turn a path file (JSON) into a path with its pieces, or into errors that name the file, the node and the field.

The form: {pathId, title, description, nodes[], pieces[{contentRef, title, body or bodyFile, prompt, sessionId?}], mapping?}.
A `bodyFile` is a markdown file below the folder of the path file. The sample path that ships is such a file.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ruach_studio.formation.authoring import numbered
from ruach_studio.formation.entrypoints.wire_graph import GraphIn, Id, PieceWire, Ref, Title, authored_of, piece_of
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.usecases.publish_path_file import PathFile
from ruach_studio.infra.faults import words_of
from ruach_studio.kernel.errors import BadInput

NAMED_FAULTS = 20  # more are counted, not listed


class _PieceInFile(PieceWire):
    content_ref: Ref
    body_file: str | None = None


class _Form(GraphIn):
    path_id: Id
    title: Title
    description: str = Field(default="", max_length=4000)
    pieces: list[_PieceInFile] = Field(default_factory=list)


def sample_file() -> Path:
    """Return the sample path that ships with Ruach Studio."""
    return Path(str(resources.files("ruach_studio.formation"))) / "sample" / "path.json"


@cache
def shipped_graphs() -> tuple[Graph, ...]:
    """Return the sample path's graph, as its first version would be: what a static list shows when nothing else is known."""
    sample = read_path_file(sample_file())
    return (Graph(1, numbered(sample.authored.nodes, {}), sample.path_id),)


def read_path_file(file: Path) -> PathFile:
    """Read a path file. Raises BadInput that names the file and every wrong node and field."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInput("there is no such file", subject=str(file), remedy="Name a path file (JSON).") from error
    except UnicodeDecodeError as error:
        raise BadInput("it is not text", subject=str(file), remedy="Save it as UTF-8.") from error
    try:
        form = _Form.model_validate_json(text)
    except ValidationError as error:
        raise _refusal(file, text, error) from error
    pieces = [piece_of(each.content_ref, each.model_copy(update={"body": _body(file, each)})) for each in form.pieces]
    twice = sorted({piece.content_ref for piece in pieces if sum(p.content_ref == piece.content_ref for p in pieces) > 1})
    if twice:
        raise BadInput(f"pieces: {', '.join(twice)} stands twice", subject=str(file), remedy="Give each its own contentRef.")
    return PathFile(form.path_id, form.title, form.description, authored_of(form), tuple(pieces))


def _body(file: Path, piece: _PieceInFile) -> str:
    if piece.body_file is None:
        return piece.body
    where = f"pieces: {piece.content_ref}, bodyFile"
    if piece.body:
        raise BadInput(f"{where}: body stands beside it", subject=str(file), remedy="Keep one of the two.")
    folder = file.parent.resolve()
    body = (folder / piece.body_file).resolve()
    if not body.is_relative_to(folder) or not body.is_file():
        raise BadInput(f"{where}: there is no {piece.body_file} below {folder.name}", subject=str(file),
                       remedy="Put the text beside the path file.")  # fmt: skip
    try:
        return body.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: {piece.body_file} is not text", subject=str(file), remedy="Save it as UTF-8.") from error


def _refusal(file: Path, text: str, error: ValidationError) -> BadInput:
    try:
        given: Any = json.loads(text)
    except ValueError:
        given = None
    faults = [f"{_place(each['loc'], given)}: {_words(each)}" for each in error.errors(include_url=False)]
    told, more = faults[:NAMED_FAULTS], len(faults) - NAMED_FAULTS
    listed = "; ".join(told) + (f"; and {more} more" if more > 0 else "")
    return BadInput(listed, subject=str(file), remedy="Correct the file.", faults=faults)


def _words(fault: Mapping[str, Any]) -> str:
    message = words_of(fault)
    value = fault.get("input")
    return f"{message} (found {value!r})" if isinstance(value, str | int | float) and len(str(value)) <= 60 else message


def _place(loc: Sequence[int | str], given: object) -> str:
    """Return where a fault is, a node by its id where it has one: "node 'a', minimumScore"."""
    if not loc:
        return "the file"
    first, *rest = loc
    if rest and first in ("nodes", "pieces") and isinstance(rest[0], int):
        kind, key = ("node", "nodeId") if first == "nodes" else ("piece", "contentRef")
        name = _dig(given, [first, rest[0], key])
        head = f"{kind} {name!r}" if isinstance(name, str) else f"{kind} number {rest[0] + 1}"
        return ", ".join([head, *map(str, rest[1:])])
    return ".".join(map(str, loc))


def _dig(value: Any, keys: Sequence[Any]) -> Any:
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
