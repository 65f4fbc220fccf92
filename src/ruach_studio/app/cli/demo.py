"""Turn nothing into a finished programme and a journey: film a talk whose truth is known, take it through the main job, and
show it to a member on the sample path."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from ruach_studio.app.cli import run, show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.demo_journey import Lived, live
from ruach_studio.app.mainjob import MainJob
from ruach_studio.app.wiring import open_services
from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.usecases.draft import CameraFiles, DraftOptions
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.settings import Settings
from ruach_studio.testing.talk_truth import Talk

SECONDS = 90.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for footage and finished files.")] = Path("out/demo"),
    seconds: Annotated[float, typer.Option(help="How long the talk is.")] = SECONDS,
    json: Json = False,
) -> None:
    """Film a three-camera talk, then do the main job on it: sync, cut, approve, lock, render, master, store."""
    from ruach_studio.testing.talk import make_talk  # half a second to load, and only this command needs it

    began = time.monotonic()
    settings = local_settings()
    show.ERR.print(f"filming a {seconds:.0f}-second talk on three cameras into {out / 'footage'}")
    talk = make_talk(out / "footage", seconds=seconds)
    filmed = time.monotonic()
    cameras = [CameraFiles(camera.camera_id, tuple(talk.files[camera.camera_id]), camera.role) for camera in talk.cameras]
    made = run.do(
        settings, MainJob(cameras, out, DraftOptions(master=talk.master), title="Demo: a talk at the table"), json=json
    )
    finished = time.monotonic()
    lived = asyncio.run(_journey(settings, made.session_id))
    if not json:
        right = share_right(talk, made.edl)
        show.OUT.print(
            f"The truth of this talk is known: the right person is on screen {right:.1%} of the time that one speaks."
        )
        show.line(f"Filmed in {filmed - began:.0f} s, everything else in {finished - filmed:.0f} s.")
        tell_journey(lived)
        show.line(f"\nLived in {time.monotonic() - finished:.0f} s.")


async def _journey(settings: Settings, session_id: str) -> Lived:
    with bind(correlation_id=new_id()):
        async with open_services(settings) as services:
            return await live(services, session_id)


def tell_journey(lived: Lived) -> None:
    """Print where the demo's member stands, and why."""
    show.line(f"\n[bold]A member's journey[/] ({lived.email}, enrolled twelve days ago)")
    for step, result in lived.next_steps.steps:
        title = step.node.title if step.node else "The path is complete"
        show.line(f"  {step.offer:<8} [bold]{title}[/]: {'; '.join(result.verdict.reasons)}")
    door = lived.door
    title = door.node.title if door.node else door.access.node_id
    show.line(f"  {door.result.verdict.decision}: {title}: {'; '.join(door.result.verdict.reasons)}")
    for artifact in lived.media:
        show.line(f"  the first step shows {artifact.format}: {artifact.url}")


def share_right(talk: Talk, edl: CanonicalEDL) -> float:
    """Return the share of turn time in which the camera of the only speaker is shown."""
    right = total = 0
    cuts = iter(edl.program)
    cut = next(cuts)
    for frame in range(edl.duration_frames):
        if frame >= cut.end_frame_exclusive:
            cut = next(cuts)
        speaker = talk.true_speaker_at(float(edl.fps.seconds(frame)))
        if speaker in talk.camera_of:  # neither silence nor cross-talk
            total += 1
            right += talk.camera_of[speaker] == cut.camera
    return right / total if total else 0.0
