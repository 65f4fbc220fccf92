"""Sources are checked once, each fault named with its camera or file."""

from dataclasses import replace

import pytest

from ruach_studio.assembly.session import BadSession, Camera, Clip, SessionSources
from ruach_studio.kernel.timebase import FrameRate

CLIP = Clip("a.mp4", 60.0, FrameRate.parse(30), 1920, 1080, has_audio=True)
LAV = Clip("lav.wav", 60.0, None, 0, 0, has_audio=True)


def camera(name, *paths, role="camera"):
    return Camera(name, tuple(replace(CLIP, path=path) for path in paths or (f"{name}.mp4",)), role)


def test_two_cameras_an_audio_track_and_a_wide_are_a_session():
    sources = SessionSources((camera("A", "a1.mp4", "a2.mp4"), camera("W", role="wide"), Camera("L", (LAV,), "audio")))
    assert sources.names == ("A", "W", "L")
    assert sources.wide == "W"
    assert [clip.path for clip in sources.camera("A").clips] == ["a1.mp4", "a2.mp4"]
    assert not sources.camera("L").has_picture
    assert SessionSources((camera("A"), camera("B"))).wide is None


@pytest.mark.parametrize(("cameras", "words"), [
    ((camera("A"),), "1 camera"),
    ((camera("A"), Camera("L", (LAV,), "audio")), "1 camera"),
    (tuple(camera(f"C{n}") for n in range(17)), "17 camera"),
    ((camera("A"), camera("A")), "A: 2 cameras have this name"),
    ((camera("A"), camera(" ")), "a camera has no name"),
    ((camera("A"), Camera("B", ())), "B: the camera has no clip"),
    ((camera("A"), camera("B", "x.mp4", "x.mp4")), "x.mp4: the clip is listed 2 times in camera B"),
    ((camera("A"), Camera("B", (LAV,))), "lav.wav: the clip has no picture"),
    ((camera("A"), camera("B"), Camera("L", (replace(LAV, has_audio=False),), "audio")), "lav.wav: the clip has no sound"),
    ((camera("A"), Camera("B", (replace(CLIP, duration_s=0.0),))), "a.mp4: the clip has no length"),
    ((camera("A", role="wide"), camera("B", role="wide")), "more than one wide camera (A, B)"),
])  # fmt: skip
def test_faults_name_the_camera_the_fact_and_the_remedy(cameras, words):
    with pytest.raises(BadSession) as caught:
        SessionSources(cameras)
    assert words in str(caught.value)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_sixteen_cameras_are_allowed():
    assert len(SessionSources(tuple(camera(f"C{n}") for n in range(16))).cameras) == 16


def test_an_unknown_camera_is_refused_with_the_known_names():
    with pytest.raises(BadSession, match="Choose one of A, B"):
        SessionSources((camera("A"), camera("B"))).camera("Z")
