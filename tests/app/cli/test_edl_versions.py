"""`ruach edl stats`, `diff` and `edit` on files; an edit and what takes it back."""

import json
from pathlib import Path

import pytest

from ruach_studio.app.cli.edl_options import read_options
from ruach_studio.app.cli.main import app
from ruach_studio.assembly.edl import from_wire
from ruach_studio.assembly.usecases.decide import DraftOptions
from ruach_studio.kernel.errors import BadInput, Conflict

GOLDEN = Path(__file__).parents[2] / "golden" / "edits"


@pytest.fixture
def edl_file(tmp_path):
    file = tmp_path / "talk.edl.json"
    file.write_text(json.dumps(json.loads((GOLDEN / "trim.json").read_text())["edl"]))
    return file


def ruach(*words):
    return app(args=["edl", *map(str, words)], standalone_mode=False)


def test_an_edit_makes_the_next_version_and_its_undo_gives_the_cuts_back(edl_file, tmp_path, capsys):
    first = from_wire(json.loads(edl_file.read_text()))
    before = tmp_path / "before.json"
    before.write_text(edl_file.read_text())
    edits, undo = tmp_path / "edits.json", tmp_path / "undo.json"
    edits.write_text(json.dumps(json.loads((GOLDEN / "several.json").read_text())["edits"]))
    ruach("edit", edl_file, "--edits", edits, "--undo", undo)
    assert from_wire(json.loads(edl_file.read_text())).version == 2
    capsys.readouterr()
    ruach("diff", before, edl_file)
    assert "1 added, 0 removed" in capsys.readouterr().out
    assert from_wire(json.loads(edl_file.read_text())).source == "hybrid"
    ruach("edit", edl_file, "--edits", undo)
    back = from_wire(json.loads(edl_file.read_text()))
    assert (back.program, back.source) == (first.program, "auto")  # nothing of the operator's is left


def test_an_undo_in_the_middle_leaves_what_else_the_operator_did(edl_file, tmp_path):
    ids = [cut.id for cut in from_wire(json.loads(edl_file.read_text())).program]
    edits, first, second = (tmp_path / f"{name}.json" for name in ("edits", "first", "second"))
    edits.write_text(json.dumps([{"op": "trim", "cutId": ids[1], "startFrame": 190}]))
    ruach("edit", edl_file, "--edits", edits, "--undo", first)
    edits.write_text(json.dumps([{"op": "omit", "startFrame": 700, "endFrameExclusive": 760}]))
    ruach("edit", edl_file, "--edits", edits, "--undo", second)
    ruach("edit", edl_file, "--edits", first)
    assert from_wire(json.loads(edl_file.read_text())).source == "hybrid"
    ruach("edit", edl_file, "--edits", second)
    edl = from_wire(json.loads(edl_file.read_text()))
    assert (edl.omitted, edl.source) == ((), "hybrid")  # who undoes out of order is told no more than is known


def test_what_is_left_out_is_said_in_seconds(edl_file, tmp_path, capsys):
    edits = tmp_path / "edits.json"
    edits.write_text(json.dumps([{"op": "omit", "startFrame": 700, "endFrameExclusive": 760}]))
    ruach("edit", edl_file, "--edits", edits)
    capsys.readouterr()
    ruach("stats", edl_file)
    assert "2.002 s fall out of renders and exports" in capsys.readouterr().out


def test_the_statistics_are_printed(edl_file, capsys):
    ruach("stats", edl_file)
    out = capsys.readouterr().out
    assert "5 cuts in 0:30: 9.99 per minute, average 6.006 s" in out
    assert "A 40% (2 cuts, 12.012 s)" in out
    ruach("stats", edl_file, "--json")
    assert json.loads(capsys.readouterr().out)["cut_count"] == 5


def test_a_locked_cut_and_a_file_that_is_no_list_are_refused_and_nothing_changes(edl_file, tmp_path):
    vector = json.loads((GOLDEN / "refused-locked-move.json").read_text())
    edl_file.write_text(json.dumps(vector["edl"]))
    kept = edl_file.read_bytes()
    edits = tmp_path / "edits.json"
    edits.write_text(json.dumps(vector["edits"]))
    with pytest.raises(Conflict, match="is locked"):
        ruach("edit", edl_file, "--edits", edits)
    edits.write_text("{}")
    with pytest.raises(BadInput, match="no list of edits"):
        ruach("edit", edl_file, "--edits", edits)
    assert edl_file.read_bytes() == kept


def test_a_file_of_options_is_read_or_refused_by_name(tmp_path):
    file = tmp_path / "options.json"
    file.write_text(json.dumps({"includeChapters": True, "speakers": [
        {"id": "a", "name": "Ann", "mics": [{"cameraId": "A"}], "cameras": ["B"]}]}))  # fmt: skip
    chosen = read_options(file, DraftOptions(master="B", ruleset="angle-v1"))
    assert (chosen.extras.chapters, chosen.master, chosen.ruleset) == (True, "B", "angle-v1")
    assert chosen.speakers is not None
    for wrong, fact in (
        ({"colour": 1}, "no option colour"), ({"mode": "transcript"}, "needs a transcript"),
        ({"leadThresholdDb": 3}, "does not act in angle-v2"), ([], "cannot be read"),
    ):  # fmt: skip
        file.write_text(json.dumps(wrong))
        with pytest.raises(BadInput, match=fact):
            read_options(file, DraftOptions())


@pytest.mark.parametrize(
    ("edit", "fact"),
    [
        ({"op": "trim", "startFrame": "190"}, "startFrame is '190', not a whole number"),
        ({"op": "trim", "startFrame": True}, "startFrame is True, not a whole number"),
        ({"op": "split", "frame": 190.5}, "frame is 190.5, not a whole number"),
        ({"op": "ripple", "byFrames": None}, "byFrames is None, not a whole number"),
        ({"op": "approve", "approved": "no"}, "approved is 'no', not true or false"),
        ({"op": "note", "note": 5}, "note is 5, not a text"),
        ({"op": "reAngle", "camera": ["A"]}, "camera is ['A'], not a text"),
        ({"op": "omit", "startFrame": 0, "endFrameExclusive": "600"}, "endFrameExclusive is '600', not a whole number"),
    ],
)
def test_a_value_of_another_kind_is_refused_and_nothing_changes(edl_file, tmp_path, edit, fact):
    before = edl_file.read_bytes()
    first = from_wire(json.loads(before)).program[1].id
    edits = tmp_path / "edits.json"
    edits.write_text(json.dumps([edit if edit["op"] == "omit" else {"cutId": first, **edit}]))
    with pytest.raises(BadInput) as refused:
        ruach("edit", edl_file, "--edits", edits)
    assert fact in str(refused.value)
    assert edl_file.read_bytes() == before
