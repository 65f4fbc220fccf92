"""Every frame of the finished programme, decoded and read: the right camera, the right frame, none black, none twice."""

from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image

from ruach_studio.testing.strip import read_strip

pytestmark = [pytest.mark.xdist_group("programme"), pytest.mark.timeout(900)]
SIZES = {"full_16_9": (1920, 1080), "short_9_16": (1080, 1920), "clip_1_1": (1080, 1080)}


def test_the_duration_is_exact_to_a_frame(programme) -> None:
    wire, talk = programme.wire, programme.talk
    assert wire["masterCamera"] == talk.master
    assert wire["durationFrames"] == talk.camera("A").frames == round(talk.seconds * 30)
    for name, size in SIZES.items():
        frames = programme.artifacts[name]["frames"]
        assert len(programme.seen[name]) == frames
        with av.open(str(programme.path(name))) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            assert (video.width, video.height) == size
            assert float(video.duration * video.time_base) == pytest.approx(frames / 30, abs=1e-3)
            assert float(audio.duration * audio.time_base) == pytest.approx(frames / 30, abs=1 / 30)
    assert programme.artifacts["full_16_9"]["frames"] == wire["durationFrames"]
    assert programme.artifacts["short_9_16"]["frames"] <= 60 * 30


def test_every_frame_is_the_frame_that_edl_and_truth_want(programme) -> None:
    """Camera from the EDL, frame from the true clock of that camera: what sync estimated plays no part."""
    talk, wrong = programme.talk, []
    for number, seen in enumerate(programme.seen["full_16_9"]):
        assert seen.time_s == pytest.approx(number / 30, abs=1e-4)
        camera = programme.camera_at(number)
        wanted = (camera, talk.frame_shown_at(camera, number / 30))
        if (seen.camera, seen.frame) != wanted:
            wrong.append((number, (seen.camera, seen.frame), wanted))
    assert wrong == []


@pytest.mark.parametrize("name", SIZES)
def test_no_frame_is_black_repeated_or_left_out(programme, name: str) -> None:
    seen = programme.seen[name]
    assert [number for number, picture in enumerate(seen) if picture.camera == ""] == []
    broken = [
        (number, before, after)
        for number, (before, after) in enumerate(pairwise(seen), start=1)
        if before.camera == after.camera and after.frame != before.frame + 1
    ]
    assert broken == []


def test_the_programme_really_cuts(programme) -> None:
    cuts = programme.wire["tracks"]["program"]
    changes = [
        a.time_s
        for a, b in zip(programme.seen["full_16_9"], programme.seen["full_16_9"][1:], strict=False)
        if a.camera != b.camera
    ]
    assert len(changes) == len(cuts) - 1 >= 2
    assert {cut["camera"] for cut in cuts} >= {"A", "B"}
    assert cuts[0]["startFrame"] == 0
    assert [cut["endFrameExclusive"] for cut in cuts[:-1]] == [cut["startFrame"] for cut in cuts[1:]]


def test_short_and_clip_show_the_same_cuts_as_the_full_programme(programme) -> None:
    full = {(picture.camera, picture.frame) for picture in programme.seen["full_16_9"]}
    for name in ("short_9_16", "clip_1_1"):
        shown = [(picture.camera, picture.frame) for picture in programme.seen[name]]
        assert [frame for frame in shown if frame not in full] == []


def test_the_thumbnail_is_a_real_frame_of_the_programme(programme) -> None:
    with Image.open(programme.path("thumbnail")) as image:
        assert (image.format, image.size) == ("JPEG", (1920, 1080))
        shown = read_strip(np.asarray(image.convert("RGB")))
    assert shown in {(picture.camera, picture.frame) for picture in programme.seen["full_16_9"]}
