"""The checks that guard the house must themselves be able to fail: each gets a planted fault."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("check_tree", ROOT / "tools" / "check_tree.py")
assert spec is not None
assert spec.loader is not None
check_tree = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_tree)


@pytest.fixture
def planted(tmp_path, monkeypatch):
    monkeypatch.setattr(check_tree, "ROOT", tmp_path)

    def plant(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return list(check_tree.faults_of(path))

    return plant


def test_this_tree_keeps_the_rules():
    done = subprocess.run([sys.executable, "tools/check_tree.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_file_of_251_lines_is_a_fault(planted):
    assert planted("src/a.py", "x = 1\n" * 250) == []
    assert "251 lines" in planted("src/a.py", "x = 1\n" * 251)[0]


def test_a_generated_file_may_be_long(planted):
    assert planted("web/api.gen.ts", "let x = 1\n" * 900) == []


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("requirements.lock", "--index-url " + "https" + "://example.org/simple\n", "download address"),
        ("docs/a.md", "see /" + "home/someone/film.mp4\n", "path of one machine"),
        ("src/rule.py", "import torch\n", "not models"),
        ("src/rule.py", "from importlib import import_module\nimport_module('x')\n", "dynamic import"),
        ("src/rule.py", "try:\n    x = 1\nexcept ValueError:\n    pass\n", "swallowed"),
        ("src/rule.py", "run(['a'], shell=True)\n", "shell"),
    ],
)
def test_each_planted_fault_is_found(planted, name, text, word):
    faults = planted(name, text)
    assert len(faults) == 1
    assert word in faults[0]
