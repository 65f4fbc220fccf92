"""There and back: what no editor touched comes back untouched, and another programme comes back frame for frame.

Random sessions: every rate, 2 to 4 cameras in 1 to 3 files each, with holes, offsets off the frame grid, drift, a mixer.
"""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut, Source, edl_bytes, validate_edl
from ruach_studio.assembly.exchange import IMPORTS, export, import_back
from ruach_studio.assembly.exchange.pieces import pieces_of
from ruach_studio.kernel.timebase import FrameRate

RATES = ("24", "24000/1001", "25", "30000/1001", "30", "50", "60000/1001", "60")
NAMES = ("A", "B", "wide", "camera-left-1", "camera-left-2", "Kamera ü, 2", "BL")
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@st.composite
def edls(draw):
    rate = FrameRate.parse(draw(st.sampled_from(RATES)))
    frames = draw(st.integers(2, 4000))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    length_ms = float(rate.seconds(frames) * 1000)
    sources = {names[0]: _source(names[0], [_clip(names[0], 0, 0.0, 0.0, length_ms + 2, rate)])}
    for name in names[1:]:
        at, clips = draw(st.floats(-9000, 2000)), []
        for number in range(draw(st.integers(1, 3))):
            other = FrameRate.parse(draw(st.sampled_from(RATES)))
            lasts = draw(st.floats(1000, 90_000))
            drift = draw(st.sampled_from((0.0, -35.0, 120.5, -999.0, 41_666.7)))
            clips.append(_clip(name, number, at, drift, lasts, other))
            at = clips[-1].end_ms + draw(st.sampled_from((0.0, 17.3, 2500.0)))
        sources[name] = _source(name, clips)
    audio = draw(st.sampled_from((None, "mix")))
    if audio:
        sources["mix"] = replace(_source("mix", [_clip("mix", 0, 40.0, 20.0, length_ms, None)]), role="audio")
    chapters = [{"startMs": rate.milliseconds(draw(st.integers(0, frames - 1))), "title": draw(TEXTS) + "x"}
                for _ in range(draw(st.integers(0, 2)))]  # fmt: skip
    edl = CanonicalEDL("talk", names[0], rate, frames, (), sources, "angle-v2", 1, version=3, programme_audio=audio,
                       chapters=tuple(chapters))  # fmt: skip
    edl = replace(edl, program=draw(programs(edl)))
    assume(not validate_edl(edl).errors)
    return edl


@st.composite
def programs(draw, edl, covered=False):
    """Cuts at random frames; `covered`: cameras that record all through a shot, and no cut that a file's end would hide."""
    edges = draw(st.lists(st.integers(1, edl.duration_frames - 1), max_size=8, unique=True))
    cuts, before = [], None
    for start, end in zip([0, *sorted(edges)], [*sorted(edges), edl.duration_frames], strict=True):
        cameras = [name for name in edl.sources if edl.can_show(name)]
        if covered:
            cameras = [name for name in cameras if all(p.clip for p in pieces_of(edl, name, start, end))
                       and not (name == before and _seam(edl, name, start))]  # fmt: skip
            assume(cameras)
        before = draw(st.sampled_from(cameras))
        cuts.append(Cut(f"cut-{start}-{len(cuts)}", start, end, before, "speaker", draw(st.floats(0, 1)),
                        (draw(TEXTS),), draw(st.booleans()), draw(TEXTS)))  # fmt: skip
    return tuple(cuts)


def _seam(edl, name, frame):
    return frame in {piece.start_frame for piece in pieces_of(edl, name, 0, edl.duration_frames)}


def _clip(name, number, offset_ms, drift, lasts_ms, rate):
    picture = (64, 36) if rate else (0, 0)
    return ClipSource(f"/m/{name} {number}.mov", round(offset_ms, 3), drift, round(lasts_ms, 3), rate, *picture, True, 0.0)


def _source(name, clips):
    return Source(f"asset-{name}", "camera", clips[0].offset_ms, clips[0].drift_ppm, 1.0, tuple(clips))


def shown(edl):
    return [(cut.camera, cut.start_frame, cut.end_frame_exclusive) for cut in edl.program]


@pytest.mark.parametrize("name", IMPORTS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(edls())
def test_what_nobody_touched_comes_back_untouched(name, edl):
    text, _ = export(edl, name)
    back = import_back(edl, name, text.encode(), version=4)
    assert edl_bytes(back.edl) == edl_bytes(edl)
    assert back.same
    assert not back.notices


@pytest.mark.parametrize("name", IMPORTS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.data())
def test_another_programme_comes_back_frame_for_frame(name, data):
    edl = data.draw(edls())
    edited = replace(edl, program=data.draw(programs(edl, covered=True)))
    assume(not validate_edl(edited).errors)
    text, _ = export(edited, name)
    back = import_back(edl, name, text.encode(), version=4)
    assert shown(back.edl) == shown(edited)
    old = {cut.id: cut for cut in edl.program}
    for cut in back.edl.program:
        if cut.id not in back.changed:
            assert cut == old[cut.id]
        else:
            assert (cut.reason, cut.confidence, cut.approved) == ("operator", 1.0, False)
            assert cut.reasons[0].startswith(f"came back from {IMPORTS[name].title}: ")
    kept = set(shown(edl)) & set(shown(edited))
    assert kept == {(c.camera, c.start_frame, c.end_frame_exclusive) for c in back.edl.program if c.id not in back.changed}
    assert set(back.removed) == old.keys() - {cut.id for cut in back.edl.program}
    assert (back.edl.chapters, back.edl.sources) == (edl.chapters, edl.sources)
