"""A path file is checked without a database, published after its impact was shown, and shown again."""

import json

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.formation.entrypoints.path_file import sample_file

A = {"nodeId": "a", "phase": "awakening", "kind": "section", "title": "A [b]", "contentRef": "c/a"}
B = {**A, "nodeId": "b", "prerequisites": ["a"], "title": "B"}
PATH = {"pathId": "way", "title": "The way", "nodes": [A, B], "pieces": [{"contentRef": "c/a", "title": "A", "body": "x"}]}


@pytest.fixture
def write(tmp_path):
    def do(**more):
        file = tmp_path / "way.json"
        file.write_text(json.dumps(PATH | more))
        return str(file)

    return do


@pytest.fixture
def studio(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))


def graph(*words):
    return run_command(["formation", "graph", *words])


def test_validate_needs_no_database(write, capsys, monkeypatch):
    monkeypatch.setenv("RUACH_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert graph("validate", str(sample_file())) == 0
    assert "sound, 28 nodes; walked from disorientation to handing-on-checkpoint" in capsys.readouterr().out.replace(
        "\n", " "
    )
    assert graph("validate", write(), "--json") == 0
    assert json.loads(capsys.readouterr().out)["order"] == ["a", "b"]


def test_validate_names_every_fault(write, capsys):
    broken = write(nodes=[A | {"prerequisites": ["b"]}, B, B | {"nodeId": "c", "prerequisites": ["gone"]}])
    assert graph("validate", broken) == 2
    told = capsys.readouterr()
    assert [line.split(":")[0] for line in told.out.splitlines()] == ["missing-prerequisite", "cycle"]
    assert "a → b → a" in told.out
    assert told.err.startswith(f"ruach: {broken}: 2 faults: 'c' needs 'gone'")
    assert graph("validate", broken, "--json") == 2
    assert [each["code"] for each in json.loads(capsys.readouterr().out)["faults"]] == ["missing-prerequisite", "cycle"]
    assert graph("validate", write(nodes=[A | {"kind": "film"}])) == 2
    assert "node 'a', kind" in capsys.readouterr().err


def test_publish_shows_the_impact_and_asks(studio, write, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr("typer.confirm", lambda text, **_: asked.append(text) or len(asked) > 1)
    assert graph("publish", write(), "--reason", "the first") == 130
    told = capsys.readouterr()
    assert "nothing is published yet" in told.out
    assert graph("show", "way") == 2
    assert "way: There is no such path" in capsys.readouterr().err
    assert graph("publish", write(), "--reason", "the first") == 0
    assert "way: version 1 is published, 1 pieces written" in capsys.readouterr().out
    assert len(asked) == 2
    assert graph("publish", write(nodes=[A, B | {"prerequisites": []}]), "--reason", "loosen", "--yes") == 0
    told = capsys.readouterr().out
    assert "b: prerequisites-changed" in told
    assert "0 members: 0 would gain, 0 would lose" in told
    assert "Publishing moves nobody" in told
    assert graph("show", "way") == 0
    told = capsys.readouterr().out
    assert "way, version 2" in told
    assert "A [b]" in told
    assert graph("show", "way", "--version", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["nodes"][1]["prerequisites"] == ["a"]
    assert graph("publish", write(nodes=[A]), "--reason", "shorter", "--yes", "--json") == 2
    assert [each["code"] for each in json.loads(capsys.readouterr().out)["faults"]] == ["removed"]


def test_the_sample_is_published(studio, capsys):
    assert graph("publish", "--sample", "--yes", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["pathId"], done["version"], done["pieces"], done["impact"]) == ("ruach", 1, 28, None)
    assert graph("publish", "--sample", "--yes") == 2
    assert "says exactly this already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("publish", "--yes", "--reason", "x"), "name a file or --sample"),
        (("publish", "x.json", "--sample"), "name a file or --sample"),
        (("publish", "x.json"), "--reason: a version needs a reason"),
        (("publish", "gone.json", "--reason", "x"), "gone.json: there is no such file"),
    ],
)
def test_what_is_missing_is_said(words, said, capsys):
    assert graph(*words) == 2
    assert said in capsys.readouterr().err
