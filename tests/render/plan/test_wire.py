from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.kernel.errors import RuachError
from ruach_studio.render.plan import EdlNotLocked, EdlUnreadable, read_edl


@pytest.fixture
def wire(make_edl, make_clip, tmp_path):
    cameras = {
        "A": [make_clip(tmp_path / "a.mp4", frames=300)],
        "B": [make_clip(tmp_path / "b.mp4", frames=300, fps="30000/1001", offset_ms=-417.123, drift_ppm=12.5)],
    }
    return make_edl([(120, "A"), (300, "B")], cameras)


def test_times_are_exact_fractions(wire):
    edl = read_edl(wire)
    clip = edl.sources["B"].clips[0]
    assert clip.offset_s == Fraction(-417123, 1_000_000)
    assert clip.stretch == 1 + Fraction(125, 10_000_000)
    assert str(clip.rate) == "30000/1001"
    assert (edl.session_id, edl.version, edl.frames, edl.programme_audio) == ("talk-1", 3, 300, ("A", "B"))


@pytest.mark.parametrize("status", ["draft", "in_review", "approved"])
def test_only_a_locked_edl_is_read(wire, status):
    with pytest.raises(EdlNotLocked, match=status) as caught:
        read_edl({**wire, "status": status})
    assert caught.value.status == 409


def test_a_gap_between_cuts_is_named(wire):
    wire["tracks"]["program"][1]["startFrame"] = 121
    with pytest.raises(EdlUnreadable, match=r"tracks.program\[1\]: frames 121..300 do not continue at frame 120"):
        read_edl(wire)


@pytest.mark.parametrize("session", ["../x", "a/b", "", "a b"])
def test_a_session_id_that_could_leave_its_folder_is_refused(wire, session):
    with pytest.raises(RuachError, match="sessionId"):
        read_edl({**wire, "sessionId": session})


@given(data=st.data())
def test_any_damaged_field_is_an_error_of_ours(data):
    whole = _plain_wire()
    parent, key = data.draw(st.sampled_from(_places(whole)))
    parent[key] = data.draw(st.sampled_from([None, "", "x", -1, 1.5, [], {}, True, "1/0", "nan"]))
    with suppress(RuachError):  # anything else would escape and fail the test
        read_edl(whole)


def _plain_wire():
    clip = {
        "path": "/a.mp4",
        "offsetMs": 0,
        "driftPpm": 0,
        "durationMs": 10000,
        "fps": "30/1",
        "hasAudio": True,
        "startMs": 0,
    }
    cut = {"startFrame": 0, "endFrameExclusive": 300, "camera": "A", "reason": "speaker", "confidence": 1}
    return {
        "schemaVersion": "1.0", "sessionId": "s", "masterCamera": "A", "durationFrames": 300, "fps": "30/1", "version": 1,
        "status": "locked", "tracks": {"program": [cut], "shorts": [{"startMs": 0, "endMs": 5000, "title": "t"}]},
        "sources": {"A": {"role": "camera", "clips": [clip]}}, "audio": {"programme": "A", "fallback": []},
    }  # fmt: skip


def _places(node, found=None):
    found = [] if found is None else found
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        found.append((node, key))
        if isinstance(value, dict | list):
            _places(value, found)
    return found
