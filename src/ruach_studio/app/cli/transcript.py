"""Turn `ruach transcript …` and `ruach transcribe` into what was said in a session: brought in, shown, corrected, heard."""

import asyncio
import json as json_
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.transcribing import transcriber_of
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.assembly.transcript_edit import text_edit_from_wire
from ruach_studio.assembly.transcript_place import recorded_to_wire
from ruach_studio.assembly.transcript_read import BYTES_MAX, FORMATS, Format
from ruach_studio.assembly.usecases.edit_transcript import edit_transcript
from ruach_studio.assembly.usecases.get_transcript import TranscriptView, get_transcript
from ruach_studio.assembly.usecases.import_transcript import TranscriptFile, import_transcript, recording_of
from ruach_studio.assembly.usecases.transcribe import transcribe as transcribe_session
from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.timebase import clock_text

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
Session = Annotated[str, typer.Argument(help="The session.")]
Language = Annotated[str | None, typer.Option("--language", help="As in en or pt-BR.")]
Base = Annotated[int, typer.Option("--base-version", help="The version you looked at; 0 before the first.")]


def register(root: typer.Typer) -> None:
    """Add `transcribe` beside the commands of `transcript`."""
    root.command("transcribe")(transcribe)
    root.add_typer(app, name="transcript", help="Import, show and correct what was said in a session.")


@app.command("import")
def import_(
    session: Session,
    file: Annotated[Path, typer.Argument(help="SRT, WebVTT, or JSON (ours, Whisper's, WhisperX's, whisper.cpp's).")],
    base_version: Base = 0,
    of: Annotated[
        str | None, typer.Option("--of", help="CAMERA or CAMERA:CLIP (from 1) whose own clock its times are on.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help=f"One of {', '.join(FORMATS)}; default: by its content.")
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Default: UTF-8, or by its mark.")] = None,
    language: Language = None,
    leave_out: Annotated[bool, typer.Option("--leave-out", help="Leave out cues beyond the recording.")] = False,
    json: Json = False,
) -> None:
    """Import a transcript: the next version, whole or not at all."""
    with file.open("rb") as opened:
        data = opened.read(BYTES_MAX + 1)
    given = TranscriptFile(
        data, file.name, _format(form), encoding, language, None if of is None else recording_of(of), leave_out
    )

    async def work(services: Services) -> TranscriptView:
        return await import_transcript(services, session, given, base_version=base_version, actor=await _actor(services))

    made = _run(work)
    _print(made, json=json)
    if not json:
        left = made.row.details["leftOut"]
        if left:
            show.line(f"left out, as beyond the recording: cue {', '.join(map(str, left))}")
        if made.row.details["emptyCues"]:
            show.line(f"{made.row.details['emptyCues']} cue(s) without text are left out")


@app.command("show")
def show_transcript(
    session: Session,
    version: Annotated[int | None, typer.Option("--version", help="Default: the newest.")] = None,
    json: Json = False,
) -> None:
    """Show a transcript: number, time, speaker and text of each segment."""
    view = _run(lambda services: get_transcript(services, session, version))
    _print(view, json=json)
    if not json:
        for each in view.segments:
            said = each.segment
            show.line(f"{each.id:>5}  {clock_text(said.start_ms / 1000)}  {said.speaker or '-'}: {said.text}")


@app.command()
def edit(
    session: Session,
    file: Annotated[Path, typer.Argument(help='JSON: [{"op": "text", "id": 3, "text": "…"}, …]; docs/reference.')],
    base_version: Base = 0,
    json: Json = False,
) -> None:
    """Correct text, speakers and times; split, merge, delete, insert segments: the next version, all or none."""
    try:
        told = json_.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"it is no JSON ({error})", subject=str(file), remedy="Give a list of edits.") from error
    if not isinstance(told, list):
        raise BadInput("it is no list", subject=str(file), remedy="Give a list of edits.")
    edits = [text_edit_from_wire(each) for each in told]

    async def work(services: Services) -> TranscriptView:
        return await edit_transcript(services, session, edits, base_version=base_version, actor=await _actor(services))

    _print(_run(work), json=json)


def transcribe(
    session: Session,
    of: Annotated[str | None, typer.Option("--of", help="The camera or recorder to hear; default: the programme's.")] = None,
    model: Annotated[Path | None, typer.Option("--model", help="The folder of a CTranslate2 Whisper model.")] = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Write down what is said in a session, on this machine (needs the extra `transcribe`)."""

    async def work(services: Services) -> TranscriptView:
        settings = services.settings if model is None else services.settings.model_copy(update={"transcribe_model": model})
        with show.Bars(quiet=json) as bars:
            return await transcribe_session(
                services, session, transcriber_of(settings), actor=await _actor(services), camera_id=of, language=language,
                tell=lambda part: bars.update("transcribe", part, ""),
            )  # fmt: skip

    _print(_run(work), json=json)


def _format(form: str | None) -> Format | None:
    found = next((each for each in FORMATS if each == form), None)
    if form is not None and found is None:
        raise BadInput(f"there is no format {form!r}", subject="--format", remedy=f"Choose among {', '.join(FORMATS)}.")
    return found


async def _actor(services: Services) -> str:
    async with services.database.transaction() as tx:
        return (await ensure_local_operator(tx)).actor


def _run(work: Callable[[Services], Awaitable[T]]) -> T:
    settings = local_settings()
    configure(settings)

    async def do() -> T:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await work(services)

    return asyncio.run(do())


def _print(view: TranscriptView, *, json: bool) -> None:
    row = view.row
    if json:
        told: dict[str, Any] = {
            "version": row.version, "origin": row.origin, "language": row.language, "sha256": row.sha256,
            "placed": view.is_placed, "syncVersion": view.sync_version, "details": dict(row.details),
            "segments": recorded_to_wire(view.segments),
        }  # fmt: skip
        show.print_json(told)
        return
    place = "" if view.is_placed else ", not placed yet: times are the recording's own"
    show.line(f"version {row.version}: {len(view.segments)} segments, {row.origin}, sha256 {row.sha256[:12]}{place}")
