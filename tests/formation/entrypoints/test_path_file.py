"""A path file is read whole, or refused with the file, the node and the field by name."""

import json

import pytest

from ruach_studio.formation.authoring import Merge
from ruach_studio.formation.entrypoints.path_file import read_path_file
from ruach_studio.formation.graph import ScoreGate
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.kernel.errors import BadInput

A = {"nodeId": "a", "phase": "awakening", "kind": "section", "title": "A", "contentRef": "c/a"}
B = {**A, "nodeId": "b", "prerequisites": ["a"], "minimumScore": 0.7, "scoreScope": "awakening", "passQuality": 0.25}
PIECE = {"contentRef": "c/a", "title": "A", "body": "words"}


@pytest.fixture
def write(tmp_path):
    def do(form=None, **more):
        file = tmp_path / "way.json"
        form = {"pathId": "way", "title": "The way", "nodes": [A, B], "pieces": [PIECE]} if form is None else form
        file.write_text(form if isinstance(form, str) else json.dumps(form | more), encoding="utf-8")
        return file

    return do


def refusal(file):
    with pytest.raises(BadInput) as refused:
        read_path_file(file)
    assert refused.value.subject == str(file)
    assert refused.value.remedy
    return refused.value.fact


def test_a_path_with_pieces_and_mapping(write, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "b.md").write_text("# B\n\nLonger.", encoding="utf-8")
    pieces = [PIECE, {"contentRef": "c/b", "title": "B", "bodyFile": "texts/b.md", "prompt": "And you?", "sessionId": "s1"}]
    mapping = {"renames": {"old": ["a"]}, "merges": {"b": {"from": ["x", "y"], "need": "any"}}}
    path = read_path_file(write(pieces=pieces, mapping=mapping, description="On foot"))
    assert (path.path_id, path.title, path.description) == ("way", "The way", "On foot")
    assert path.pieces == (Piece("c/a", "A", "words"), Piece("c/b", "B", "# B\n\nLonger.", "And you?", "s1"))
    assert path.authored.renames == {"old": ("a",)}
    assert path.authored.merges == {"b": Merge(("x", "y"), "any")}
    second = path.authored.nodes[1]
    assert (second.gate, second.pass_quality, second.prerequisites) == (ScoreGate(7000, "awakening"), 250, ("a",))


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([A | {"minimumScore": 1.5, "scoreScope": "awakening"}], "node 'a', minimumScore: Input should be less than"),
        ([A, B | {"phase": "commissioning"}], "node 'b', phase: Input should be 'awakening'"),
        ([A | {"nodeId": 7}], "node number 1, nodeId: Input should be a valid string (found 7)"),
        ([A | {"colour": "red"}], "node 'a', colour: Extra inputs are not permitted (found 'red')"),
        ([B | {"scoreScope": None}], "node 'b': minimumScore and scoreScope come together"),
        ([{**A, "contentRef": "../x"}], "node 'a', contentRef: String should match pattern"),
        ([], "nodes: List should have at least 1 item"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_node(write, nodes, words):
    assert refusal(write(nodes=nodes)).startswith(words)


def test_all_wrong_fields_are_named_and_many_are_counted(write):
    assert refusal(write(nodes=[A | {"kind": "x"}, B | {"kind": "y"}], title="")).count(";") == 2
    told = refusal(write(nodes=[A | {"kind": "x"}] * 30))
    assert told.endswith("; and 10 more")
    assert told.count("node 'a', kind") == 20


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        ({"contentRef": "c/a", "title": "A", "bodyFile": "../secret.md"}, "pieces: c/a, bodyFile: there is no ../secret.md"),
        ({"contentRef": "c/a", "title": "A", "bodyFile": "gone.md"}, "pieces: c/a, bodyFile: there is no gone.md"),
        ({"contentRef": "c/a", "title": "A", "bodyFile": "x.md", "body": "y"}, "pieces: c/a, bodyFile: body stands"),
        ({"contentRef": "c/a"}, "piece 'c/a', title: Field required"),
    ],
)  # fmt: skip
def test_a_wrong_piece_is_named(write, tmp_path, piece, words):
    (tmp_path.parent / "secret.md").write_text("secret")
    assert refusal(write(pieces=[piece])).startswith(words)


def test_what_is_no_path_file_is_said(write, tmp_path):
    assert refusal(tmp_path / "gone.json") == "there is no such file"
    assert "JSON" in refusal(write('{"pathId": '))
    assert refusal(write("[]")).startswith("the file: ")
    assert refusal(write(pieces=[PIECE, PIECE])) == "pieces: c/a stands twice"
    (tmp_path / "film.json").write_bytes(b"\xff\xfe\x00\x01")
    assert refusal(tmp_path / "film.json") == "it is not text"
