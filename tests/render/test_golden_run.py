"""One render run, pinned: what the four formats of a fixed EDL are, frame by frame, and (slow) the same bytes again.

A frame's pin is the camera and the frame number that are burnt into it, so that it says what is seen, not how this machine's
processor rounds; the two runs are compared byte for byte. `RUACH_PIN=1` writes the pins anew; look at the difference before
it is committed.
"""

import hashlib
import json
import os
from pathlib import Path

import av
import pytest

from ruach_studio.render.presets import FORMATS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.render_files import render_files

PINS = Path(__file__).parents[1] / "golden" / "render_run.json"


def seen(path: Path, read_strips) -> dict[str, object]:
    """Return what a file is, from its own header and its decoded frames."""
    with av.open(str(path)) as media:
        video, sound = media.streams.video[0], media.streams.audio[0] if media.streams.audio else None
        facts = {
            "size": [video.width, video.height], "codec": video.codec_context.name, "profile": video.codec_context.profile,
            "pixels": video.codec_context.pix_fmt,
            "sound": None if sound is None else [sound.codec_context.name, sound.rate, sound.channels],
        }  # fmt: skip
    shown = [f"{strip[0]}{strip[1]}" if strip else "-" for strip in read_strips(path)]
    digest = hashlib.sha256(" ".join(shown).encode()).hexdigest()
    return facts | {"frames": len(shown), "first": shown[0], "last": shown[-1], "framesHash": digest}


async def run(wire, folder):
    made = await render_files(wire, FORMATS, folder, lambda _: None, runner=FfmpegRunner())
    return {artifact.format: artifact for artifact in made}


@pytest.mark.slow
async def test_a_second_run_is_the_first_byte_for_byte(small, wire, tmp_path):
    one, two = [await run(wire, tmp_path / name) for name in ("one", "two")]
    assert {name: made.sha256 for name, made in one.items()} == {name: made.sha256 for name, made in two.items()}


async def test_a_fixed_edl_gives_the_pinned_run(small, wire, tmp_path, read_strips):
    found = {}
    for name, artifact in (await run(wire, tmp_path)).items():
        loudness = artifact.loudness
        found[name] = seen(artifact.path, read_strips) | {
            "durationMs": round(artifact.duration_s * 1000), "lufs": loudness and round(loudness.lufs, 1),
            "decisions": [verdict.decision for verdict in artifact.verdicts],
        }  # fmt: skip
        assert loudness is None or loudness.true_peak_dbtp <= -1.0
    if os.environ.get("RUACH_PIN"):
        PINS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert json.loads(json.dumps(found)) == json.loads(PINS.read_text())
