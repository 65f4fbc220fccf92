"""How far the listening is: parts by length, time left by what it took so far."""

from pathlib import Path

import pytest

from ruach_studio.assembly.session import Camera, Clip, SessionSources
from ruach_studio.assembly.usecases.hearing import Tracker
from ruach_studio.kernel.timebase import FrameRate


@pytest.fixture
def sources():
    def clip(path, seconds):
        return Clip(path, seconds, FrameRate.parse(25), 64, 48, True)

    return SessionSources(
        (Camera("A", (clip("/a1.mp4", 100.0), clip("/a2.mp4", 100.0))), Camera("B", (clip("/b.mp4", 200.0),)))
    )


def test_parts_are_weighed_by_length_and_the_time_left_follows_the_pace(sources):
    now = [1000.0]
    tracker = Tracker(sources, clock=lambda: now[0])
    assert (tracker.now().part, tracker.now().eta_s) == (0.0, None)
    tracker.heard(Path("/a1.mp4"), 0.0)
    tracker.heard(Path("/b.mp4"), 0.0)
    now[0] += 10
    tracker.heard(Path("/a1.mp4"), 50.0)
    tracker.heard(Path("/b.mp4"), 50.0)
    seen = tracker.now()
    assert (seen.part, seen.eta_s) == (0.25, 30.0)
    assert [(f.camera_id, f.part, f.eta_s) for f in seen.files] == [("A", 0.5, 10.0), ("A", 0.0, None), ("B", 0.25, 30.0)]


def test_a_file_that_was_heard_before_is_done_at_once_and_names_are_no_folders(sources):
    tracker = Tracker(sources, clock=lambda: 0.0)
    tracker.heard(Path("/a1.mp4"), 100.5)
    first = tracker.now().files[0]
    assert (first.part, first.eta_s) == (1.0, 0.0)
    assert tracker.now().to_wire()["files"][0] == {
        "cameraId": "A", "clipIndex": 0, "file": "a1.mp4", "progress": 1.0, "etaSeconds": 0.0,
    }  # fmt: skip
