"""FCPXML is valid against Apple's own DTDs, versions 1.11 to 1.14.

The DTDs are Apple's and not ours to ship: set RUACH_FCPXML_DTDS to a folder that holds copies, the version in each name
(`FCPXMLv1_11.dtd`, `Final_Cut_Pro_XML_DTD_version_1.11.dtd`).
"""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from ruach_studio.assembly.edl import ClipPiece
from ruach_studio.assembly.exchange import FCPXML_VERSIONS, export
from ruach_studio.kernel.errors import BadInput

FOLDER = os.environ.get("RUACH_FCPXML_DTDS")


@pytest.mark.skipif(FOLDER is None, reason="Apple's DTDs are not ours to ship; RUACH_FCPXML_DTDS names a folder of copies")
@pytest.mark.parametrize("version", FCPXML_VERSIONS)
@pytest.mark.parametrize("fps", ["24", "24000/1001", "25", "30000/1001", "30", "50", "60000/1001", "60"])
def test_apples_own_dtd(make_edl, version, fps):
    pattern = re.compile(rf"(?<!\d){version.replace('.', '[._]')}(?!\d)")
    [path] = [path for path in Path(FOLDER or "").iterdir() if path.suffix == ".dtd" and pattern.search(path.stem)]
    with path.open("rb") as file:
        dtd = etree.DTD(file)
    for edl in shapes(make_edl, fps):
        root = etree.fromstring(export(edl, "fcpxml", fcpxml_version=version)[0].encode())
        assert dtd.validate(root), dtd.error_log.filter_from_errors()
    root.find(".//mc-clip").set("wrong", "1")
    assert not dtd.validate(root)


def shapes(make_edl, fps):
    """All that we write: chapters, notes, drift that is retimed, sound with the picture, odd names, jumps, omissions."""
    edl = make_edl(fps=fps, audio=True)
    marked = replace(edl, chapters=({"startMs": 0, "title": "One & <two>"},),
                     program=(replace(edl.program[0], note="soft\x0b focus\n?"), *edl.program[1:]))  # fmt: skip
    fast = replace(edl.sources["B"], clips=tuple(replace(clip, drift_ppm=41_666.7) for clip in edl.sources["B"].clips))
    return [
        edl,
        marked,
        replace(edl, sources={**edl.sources, "B": fast}, programme_audio=None),
        replace(edl, sources={**edl.sources, "9 ü:/": edl.sources["W"]}),
        jumping(marked, 20.0),
        jumping(marked, 999.0),
    ]


def jumping(edl, drift_ppm):
    """W loses 200 ms and doubles 400 ms; stretches are left out, one over a chapter and a cut."""
    pieces = tuple(ClipPiece(*each) for each in ((0.0, -4021.3), (12_000.0, -3821.3), (21_000.0, -4221.3)))
    clip = replace(edl.sources["W"].clips[0], pieces=pieces, drift_ppm=drift_ppm)
    marks = tuple({"startFrame": low, "endFrameExclusive": high, "reason": "silence"} for low, high in ((0, 9), (150, 400)))
    return replace(edl, omitted=marks, sources={**edl.sources, "W": replace(edl.sources["W"], clips=(clip,))})


@pytest.mark.parametrize("version", FCPXML_VERSIONS)
def test_the_version_asked_for_is_written(make_edl, version):
    text, _ = export(make_edl(), "fcpxml", fcpxml_version=version)
    assert f'<fcpxml version="{version}">' in text
    assert text.replace(f'version="{version}"', 'version="1.11"') == export(make_edl(), "fcpxml")[0]


def test_a_rate_is_conformed_where_the_version_has_a_name_for_it(make_edl):
    edl = make_edl(fps="25")
    fast = replace(edl.sources["B"], clips=tuple(replace(c, fps=type(edl.fps).parse(120)) for c in edl.sources["B"].clips))
    edl = replace(edl, sources={**edl.sources, "B": fast})
    told = [(export(edl, "fcpxml", fcpxml_version=v)) for v in ("1.12", "1.13")]
    assert ['srcFrameRate="120"' in text for text, _ in told] == [False, True]
    assert [any("120/1 frames per second has no name" in loss for loss in losses) for _, losses in told] == [True, False]


@pytest.mark.parametrize(("name", "version"), [("fcpxml", "1.10"), ("fcpxml", "2"), ("mlt", "1.11")])
def test_another_version_is_refused(make_edl, name, version):
    with pytest.raises(BadInput, match=r"1\.11, 1\.12, 1\.13, 1\.14"):
        export(make_edl(), name, fcpxml_version=version)
