"""An EDL file goes out to another program and comes back, at the terminal."""

import dataclasses

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut, Source, edl_bytes
from ruach_studio.assembly.exchange.json import read_json
from ruach_studio.kernel.timebase import FrameRate


@pytest.fixture
def edl(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rate = FrameRate.parse(25)
    files = {name: (ClipSource(f"/m/{name}.mp4", 0.0, 0.0, 9000.0, rate, 64, 36, True, 0.0),) for name in "AB"}
    sources = {name: Source(f"asset-{name}", "camera", 0.0, 0.0, 1.0, clips) for name, clips in files.items()}
    edges = (("one", 0, 100, "A"), ("two", 100, 200, "B"), ("three", 200, 220, "A"))
    cuts = tuple(Cut(*edge, "speaker", 0.9, ("why",)) for edge in edges)
    edl = CanonicalEDL("talk", "A", rate, 220, cuts, sources, "angle-v2", 1)
    (tmp_path / "talk.edl.json").write_bytes(edl_bytes(edl))
    return edl


def test_out_and_back(edl, tmp_path, capsys):
    def run(*words):
        return run_command(["edl", *words])

    assert run("export", "talk.edl.json", "-f", "fcpxml", "--fcpxml-version", "1.14", "-o", "talk.fcpxml") == 0
    assert '<fcpxml version="1.14">' in (tmp_path / "talk.fcpxml").read_text()
    assert run("import", "talk.edl.json", "talk.fcpxml") == 0
    assert "nothing is written" in capsys.readouterr().err
    assert (tmp_path / "talk.edl.json").read_bytes() == edl_bytes(edl)

    assert run("export", "talk.edl.json", "-f", "cmx3600", "-o", "talk.edl") == 0
    text = (tmp_path / "talk.edl").read_text()
    for before, after in (("01:00:04:00", "01:00:05:00"), ("00:00:04:00 00:00:08:00", "00:00:05:00 00:00:08:00"),
                          ("00:00:00:00 00:00:04:00", "00:00:00:00 00:00:05:00")):  # fmt: skip
        text = text.replace(before, after)
    (tmp_path / "talk.edl").write_text(text)
    assert run("import", "talk.edl.json", "talk.edl", "-f", "cmx3600", "-o", "two.json") == 0
    assert "2 cuts new or changed, 0 gone" in capsys.readouterr().err
    two = read_json((tmp_path / "two.json").read_text())
    assert [(cut.id, cut.start_frame) for cut in two.program] == [("one", 0), ("two", 125), ("three", 200)]
    assert (two.version, two.source) == (2, "hybrid")
    assert (tmp_path / "talk.edl.json").read_bytes() == edl_bytes(edl)


def test_what_is_wrong_is_said_of_the_file(edl, tmp_path, capsys):
    (tmp_path / "talk.fcpxml").write_text("<fcpxml/>")
    (tmp_path / "locked.json").write_bytes(edl_bytes(dataclasses.replace(edl, status="locked")))
    for words, said in (
        (("import", "talk.edl.json", "talk.fcpxml"), "talk.fcpxml: it is FCPXML None"),
        (("import", "talk.edl.json", "gone.fcpxml"), "gone.fcpxml: there is no such file"),
        (("import", "talk.edl.json", "talk.fcpxml", "-f", "mlt"), "no way back"),
        (("export", "talk.edl.json", "-f", "mlt", "--fcpxml-version", "1.11"), "mlt has no such version"),
    ):
        assert run_command(["edl", *words]) == 2
        assert said in capsys.readouterr().err


def test_a_locked_edl_refuses_by_name_and_a_new_draft_goes_on_from_it(edl, tmp_path, capsys):
    transcript = {"format": "srt", "cues": []}
    locked = edl_bytes(dataclasses.replace(edl, status="locked", transcript=transcript))
    (tmp_path / "my talk.json").write_bytes(locked)
    (tmp_path / "edits.json").write_text('[{"op": "trim", "cutId": "two", "startFrame": 110}]')
    assert run_command(["edl", "export", "my talk.json", "-o", "talk.fcpxml"]) == 0
    for words in (
        ("approve", "my talk.json"), ("lock", "my talk.json"), ("import", "my talk.json", "talk.fcpxml"),
        ("edit", "my talk.json", "--edits", "edits.json"),
    ):  # fmt: skip
        capsys.readouterr()
        assert run_command(["edl", *words]) == 2
        said = capsys.readouterr().err
        assert said.startswith("ruach: my talk.json: it is locked")
        assert "`ruach edl draft 'my talk.json' -o NEXT.edl.json`" in said
    assert run_command(["edl", "draft", "my talk.json", "-o", "next.json"]) == 0
    draft = read_json((tmp_path / "next.json").read_text())
    assert (draft.status, draft.version, draft.parent_version, draft.transcript) == ("draft", 2, 1, None)
    assert draft.program == edl.program
    assert run_command(["edl", "edit", "next.json", "--edits", "edits.json"]) == 0
    assert read_json((tmp_path / "next.json").read_text()).program[1].start_frame == 110
    assert (tmp_path / "my talk.json").read_bytes() == locked


def test_a_new_draft_takes_no_file_that_is_there_and_comes_from_a_locked_edl(edl, tmp_path, capsys):
    (tmp_path / "locked.json").write_bytes(edl_bytes(dataclasses.replace(edl, status="locked")))
    assert run_command(["edl", "draft", "locked.json", "-o", "locked.json"]) == 2
    assert "locked.json: it is there already" in capsys.readouterr().err
    assert read_json((tmp_path / "locked.json").read_text()).status == "locked"
    assert run_command(["edl", "draft", "talk.edl.json", "-o", "next.json"]) == 2
    assert "talk.edl.json: it is not locked but draft" in capsys.readouterr().err
    assert not (tmp_path / "next.json").exists()
