"""Sequences without what the EDL leaves out, recordings that jump: each frame of each format from its place, and back."""

import json
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree
from tests.assembly.exchange.test_round_trip import edls, programs

from ruach_studio.assembly.edl import ClipPiece, edl_bytes, from_wire, to_wire, validate_edl
from ruach_studio.assembly.exchange import FORMATS, IMPORTS, export, import_back
from ruach_studio.assembly.exchange.pieces import heard, pieces_of
from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.testing.melt import run_melt


def without(edl, *stretches):
    return replace(edl, omitted=tuple({"startFrame": a, "endFrameExclusive": b, "reason": "silence"} for a, b in stretches))


def jumping(edl, camera, *pieces, clip=0):
    clips = list(edl.sources[camera].clips)
    clips[clip] = replace(clips[clip], pieces=tuple(ClipPiece(*piece) for piece in pieces))
    return replace(edl, sources={**edl.sources, camera: replace(edl.sources[camera], clips=tuple(clips))})


@pytest.fixture
def edl(make_edl):
    """Sixty seconds at 25: W loses 200 ms at its second 12, doubles 400 ms at 21; three stretches are left out."""
    plain = make_edl(fps="25", audio=True)
    bent = jumping(plain, "W", (0.0, -4221.3), (12_000.0, -4021.3), (21_000.0, -4421.3))
    return without(bent, (0, 10), (170, 190), (1000, 1100))


def own_frame(edl, camera, frame):
    """Where a frame of the programme lies in its file, from the placement alone: (clip, exact frame), None in a hole."""
    at_ms, best = edl.fps.seconds(frame) * 1000, None
    for number, clip in enumerate(edl.sources[camera].clips):
        stretch = 1 + Fraction(clip.drift_ppm) / 10**6
        pieces = clip.pieces or (ClipPiece(0.0, clip.offset_ms),)
        for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
            local = (at_ms - Fraction(piece.offset_ms)) / stretch
            ends = clip.duration_ms if following is None else following.from_ms
            if piece.from_ms - 20 <= local < ends + 20:
                best = number, local * edl.fps.value / 1000
    return best


def test_every_frame_is_shown_once_from_its_place(edl):
    gone = {*range(10), *range(170, 190), *range(1000, 1100)}
    frames = [n for n in range(1500) if n not in gone]
    pieces = [each for cut in edl.program for each in pieces_of(edl, cut.camera, cut.start_frame, cut.end_frame_exclusive)]
    assert [piece.start_frame for piece in pieces[1:]] == [piece.end_frame_exclusive for piece in pieces[:-1]]
    assert pieces[-1].end_frame_exclusive == len(frames) == edl.kept.frames
    holes = 0
    for piece in pieces:
        for n in range(piece.frames):
            frame = frames[piece.start_frame + n]
            if piece.clip is None:
                holes += 1
                continue
            number, exact = own_frame(edl, piece.camera, frame)
            assert number == piece.index
            assert abs(piece.local_frame + n - exact) <= 1, frame
    assert holes == 0  # W is on screen from 14.9 to 20 s: the doubled stretch has no hole, the lost one lies before


def test_the_jump_is_where_it_is_in_every_format(edl):
    """W from 14.9 s: piece 2 (offset -4021.3) up to master 16 578.7, where piece 3 begins with local 21 s."""
    at = edl.fps.frame_at_ms(21_000 - 4421.3) - 10 - 20
    first = {"before": round((14.92 + 4.0213) * 25), "after": 525}
    tree = etree.fromstring(export(edl, "fcp7xml")[0].split("\n", 2)[2].encode())
    items = tree.findall("sequence/media/video/track")[0].findall("clipitem")
    shown = {int(i.findtext("start")): int(i.findtext("in")) for i in items if i.findtext("name") == "W w.mov"}
    start = edl.program[2].start_frame - 30
    assert abs(shown[start] - first["before"]) <= 1
    assert abs(shown[at] - first["after"]) <= 1
    otio = json.loads(export(edl, "otio")[0])
    spans = [
        (c["metadata"]["ruach"]["camera"], c["source_range"]["start_time"]["value"], c["source_range"]["duration"]["value"])
        for c in otio["tracks"]["children"][0]["children"]
    ]
    assert sum(length for *_, length in spans) == edl.kept.frames
    assert ("W", float(shown[at]), 20 * 25 - edl.fps.frame_at_ms(16_578.7)) in spans
    cmx = export(edl, "cmx3600")[0]
    assert f"{edl.fps.timecode(shown[at])} " in cmx
    angle = etree.fromstring(export(edl, "fcpxml")[0].split("\n", 2)[2].encode()).findall(".//mc-angle")[2]
    assert [(g.tag, g.get("start")) for g in angle] == [
        ("asset-clip", "0s"), ("gap", "0s"), ("asset-clip", "12s"), ("asset-clip", "21s"),
    ]  # fmt: skip


def test_a_retimed_stretch_counts_from_where_its_clip_began_not_from_the_sequence(make_edl):
    plain = make_edl(fps="25")
    fast = replace(plain.sources["W"].clips[0], drift_ppm=999.0)
    edl = replace(plain, sources={**plain.sources, "W": replace(plain.sources["W"], clips=(fast,))})
    edl = without(edl, (200, 400))
    tree = etree.fromstring(export(edl, "fcp7xml")[0].split("\n", 2)[2].encode())
    item = tree.findall("sequence/media/video/track")[3].findall("clipitem")[-1]  # W's angle, behind the seam
    assert [int(item.findtext(name)) for name in ("start", "end", "in")] == [200, 1300, 400 + edl.fps.frame_at_ms(4021.3)]
    playlist = etree.fromstring(export(edl, "mlt")[0].encode()).findall("playlist")[4]
    assert playlist[-1].get("in") == item.findtext("in")


def test_sound_that_goes_with_the_cameras_changes_at_its_own_frame(make_edl):
    plain = replace(make_edl(fps="25"), programme_audio=None)
    cuts = (*plain.program[:2], replace(plain.program[2], picture_offset_frames=12), *plain.program[3:])  # a J-cut to W
    edl = replace(plain, program=cuts)
    assert [(piece.camera, piece.start_frame) for piece in heard(edl)][:3] == [("A", 0), ("B", 175), ("W", 373 - 12)]
    tracks = json.loads(export(edl, "otio")[0])["tracks"]["children"]
    lengths = {name: [c["source_range"]["duration"]["value"] for c in track["children"]][:2]
               for track in tracks if (name := track["name"]) in ("Programme", "Programme sound")}  # fmt: skip
    assert lengths == {"Programme": [175.0, 198.0], "Programme sound": [175.0, 186.0]}


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "json"])
def test_losses_name_what_is_left_out_and_the_holes(edl, name):
    told = " | ".join(export(edl, name)[1])
    assert "3 stretches (5.2 s) are left out of the sequence" in told
    assert "W: 5 frames between the pieces of w.mov, which jumps, are empty" in told
    assert export(replace(edl, omitted=()), name)[1] != export(edl, name)[1]


def test_json_keeps_marks_and_pieces_and_old_edls_read_as_ever(edl):
    assert from_wire(json.loads(export(edl, "json")[0])) == edl
    plain = replace(edl, sources={k: replace(s, clips=tuple(replace(c, pieces=()) for c in s.clips))
                                  for k, s in edl.sources.items()})  # fmt: skip
    assert "pieces" not in export(plain, "json")[0]
    assert to_wire(plain)["sources"]["W"]["clips"][0].keys() == to_wire(edl)["sources"]["A"]["clips"][0].keys()


@st.composite
def marked(draw):
    edl = draw(edls())
    edges = draw(st.lists(st.integers(0, edl.duration_frames), max_size=6, unique=True).map(sorted))
    edl = without(edl, *zip(edges[::2], edges[1::2], strict=False))
    name = draw(st.sampled_from(sorted(edl.sources)))
    if name != edl.master_camera and draw(st.booleans()):
        clip = edl.sources[name].clips[0]
        at = draw(st.floats(0.1, 0.9)) * clip.duration_ms
        edl = jumping(edl, name, (0.0, clip.offset_ms), (round(at, 3), clip.offset_ms + draw(st.integers(-900, 900))))
    assume(not validate_edl(edl).errors)
    return edl


@pytest.mark.parametrize("name", IMPORTS)
@settings(max_examples=3, deadline=None, derandomize=True)
@given(marked())
def test_what_nobody_touched_comes_back_with_all_its_marks(name, edl):
    back = import_back(edl, name, export(edl, name)[0].encode(), version=4)
    assert edl_bytes(back.edl) == edl_bytes(edl)
    assert back.same


@pytest.mark.parametrize("name", IMPORTS)
@settings(max_examples=3, deadline=None, derandomize=True)
@given(st.data())
def test_another_programme_shows_the_same_frames_when_it_is_back(name, data):
    edl = data.draw(marked())
    edited = replace(edl, program=data.draw(programs(edl, covered=True)))
    assume(not validate_edl(edited).errors)
    back = import_back(edl, name, export(edited, name)[0].encode(), version=4).edl
    assert not validate_edl(back).errors

    def cameras(version):
        cuts = ((n, cut.camera) for cut in version.program for n in range(cut.start_frame, cut.end_frame_exclusive))
        return [camera for n, camera in cuts if edl.kept.shows(n)]

    assert cameras(back) == cameras(edited)
    assert back.omitted == edl.omitted


def test_a_cut_inside_what_is_left_out_stays(make_edl):
    edl = without(make_edl(fps="25"), (360, 520))  # holds all of W's cut (373 to 500), ends in A's, begins in B's
    for name in IMPORTS:
        back = import_back(edl, name, export(edl, name)[0].encode(), version=2)
        assert back.same, name


@pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed: apt install melt")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlt", "kdenlive"])
def test_melt_shows_each_frame_from_its_place(tmp_path, make_edl, name):
    """Each file's luma tells its frame (5 per frame, over 40): a frame before or behind the jump cannot be mistaken."""
    plain = make_edl(fps="25", seconds=60.0)
    path = tmp_path / "w.mkv"
    level = "geq=lum='40+5*mod(N,40)':cb=128:cr=128"
    command = [find_ffmpeg(), "-v", "error", "-f", "lavfi", "-i", f"color=s=64x36:r=25:d=70,format=yuv420p,{level}",
               "-c:v", "ffv1", "-y", str(path)]  # fmt: skip
    subprocess.run(command, check=True, timeout=60)
    clip = replace(plain.sources["W"].clips[0], path=str(path), width=64, height=36, has_audio=False, drift_ppm=0.0)
    sources = {name: replace(plain.sources["W"], clips=(replace(clip, offset_ms=-4000.0),)) for name in "AW"}
    edl = replace(plain, sources=sources, programme_audio=None, duration_frames=300,
                  program=(replace(plain.program[0], end_frame_exclusive=300, camera="W"),))  # fmt: skip
    edl = without(jumping(edl, "W", (0.0, -4000.0), (8000.0, -3800.0), (12_000.0, -4200.0)), (20, 60), (150, 151))
    (tmp_path / f"talk.{name}").write_text(export(edl, name)[0])
    film = tmp_path / "film.mkv"
    arguments = [f"talk.{name}", "-consumer", f"avformat:{film}", "vcodec=ffv1", "an=1", "real_time=-1"]
    run_melt(arguments, tmp_path)
    shrink = ["-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-fps_mode", "passthrough", "-"]
    raw = subprocess.run([find_ffmpeg(), "-v", "error", "-i", film, *shrink], check=True, capture_output=True).stdout[::3]
    kept = [n for n in range(300) if not (20 <= n < 60 or n == 150)]
    assert len(raw) == len(kept)
    for n, luma in zip(kept, raw, strict=True):
        wanted = n + (100 if n < 100 else 95 if n < 195 else 105)
        if 100 <= n < 105:
            assert luma < 25, n  # the 200 ms that nobody has
        else:
            assert abs(luma - (40 + 5 * (wanted % 40))) <= 2, n
