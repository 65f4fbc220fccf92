import pytest

from ruach_studio.render.entrypoints.progress import shown

DRAWING = {"step": "render", "progress": 0.45, "frames": 90, "totalFrames": 200, "fps": 54.2, "etaSeconds": 2.0}


@pytest.mark.parametrize(
    ("state", "percent", "message"),
    [
        ({"state": "queued"}, 0.0, "waiting for a worker"),
        ({"state": "running"}, 0.0, "starting"),
        ({"state": "running", "progress": {"step": "preflight", "progress": 0.0}}, 0.0, "checking footage and room"),
        ({"state": "running", "progress": DRAWING}, 45.0, "frame 90 of 200, 54 fps, 2 s left"),
        ({"state": "running", "progress": {**DRAWING, "fps": 0.0, "etaSeconds": None}}, 45.0, "frame 90 of 200"),
        ({"state": "running", "progress": {"step": "render", "progress": 0.0, "waitingFor": "waiting for it"}}, 0.0,
         "waiting for it"),
        ({"state": "completed", "progress": DRAWING, "result": {"outputUrl": "http://x/y"}}, 100.0,
         "published at http://x/y"),
        ({"state": "failed", "progress": DRAWING, "error": {"code": "e", "message": "the disk is full"}, "retriedAs": "b"},
         45.0, "the disk is full; tried again as b"),
        ({"state": "dead-letter", "error": {"code": "e", "message": "gone"}}, 0.0, "gone"),
        ({"state": "cancelled"}, 0.0, "cancelled"),
    ],
)  # fmt: skip
def test_a_state_reads_as_one_line_with_its_percentage(state, percent, message):
    view = shown("a", state)
    assert (view["percent"], view["message"], view["renderJobId"]) == (percent, message, "a")
