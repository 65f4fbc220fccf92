"""`ruach formation axioms` lists the canon."""

import json

import pytest
import typer
from typer.testing import CliRunner

from ruach_studio.app.cli import formation_insights


@pytest.fixture
def run(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path))
    app = typer.Typer()
    app.callback()(lambda: None)
    formation_insights.register(app)

    def do(*words):
        done = CliRunner().invoke(app, ["axioms", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return do


def test_the_canon_is_listed(run):
    found = json.loads(run("--json"))
    assert [each["axiomId"] for each in found] == [
        "axiom-scripture", "axiom-trinity", "axiom-grace", "axiom-lordship", "axiom-warfare",
    ]  # fmt: skip
    assert (found[4]["tier"], found[4]["unlockPhase"], found[4]["category"]) == (1, "discernment", "Warfare")
    assert found[0]["definition"].startswith("God has spoken")


def test_the_list_is_said_in_words(run):
    told = run()
    assert "1. Scripture (axiom-scripture; Foundation, tier 1, opens with awakening)" in told
    assert "5. Warfare (axiom-warfare; Core, tier 1, opens with discernment)" in told
