"""Turn nothing into a finished programme: film a talk whose truth is known, and take it through the main job."""

import time
from pathlib import Path
from typing import Annotated

import typer

from ruach_studio.app.cli import run, show
from ruach_studio.app.cli.steps import Json
from ruach_studio.app.mainjob import MainJob
from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.usecases.draft import CameraFiles, DraftOptions
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
    settings = run.local_settings()
    show.ERR.print(f"filming a {seconds:.0f}-second talk on three cameras into {out / 'footage'}")
    talk = make_talk(out / "footage", seconds=seconds)
    filmed = time.monotonic()
    cameras = [CameraFiles(camera.camera_id, tuple(talk.files[camera.camera_id]), camera.role) for camera in talk.cameras]
    made = run.do(settings, MainJob(cameras, out, DraftOptions(), title="Demo: a talk at the table"), json=json)
    if not json:
        right = share_right(talk, made.edl)
        show.OUT.print(
            f"The truth of this talk is known: the right person is on screen {right:.1%} of the time that one speaks."
        )
        show.line(f"Filmed in {filmed - began:.0f} s, everything else in {time.monotonic() - filmed:.0f} s.")


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
