"""Search at the terminal shows a member's own view with the reasons; `index` makes what is missing and says what it did."""

import asyncio
import json

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.app.wiring import open_services
from ruach_studio.formation.entrypoints.path_file import read_path_file, sample_file
from ruach_studio.formation.store import chunks
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.install_sample_path import install_sample_path
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.settings import load_settings

EMAIL = "reader@example.org"


async def prepare():
    with bind(correlation_id=new_id()):
        async with open_services(load_settings()) as services:
            await install_sample_path(services, read_path_file(sample_file()), actor="test")
            async with services.database.transaction() as tx:
                account = await create_account(tx, EMAIL, "correct horse battery", ["member"])
            await enroll_in_formation_path(
                services, account.account_id, covenant="formation_journey", acknowledged_terms=True
            )
            async with services.database.connection() as conn:
                return await chunks.search(conn, "trellis", None, limit=1)


@pytest.fixture
def told(database_url, tmp_path, monkeypatch, capsys):
    """The sample path in the database that the command line opens, and a member on it; return what a command prints."""
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path))
    assert asyncio.run(prepare()) == [("sample/discernment/a-rule-of-prayer", 0)]

    def do(*words, code=0):
        assert run_command(["formation", *words]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return do


def test_search_and_index_in_words_and_json(told):
    made = json.loads(told("index", "--json"))
    assert (made["pieces"], made["passages"], made["swept"], made["vectors"]) == (28, 0, 0, True)
    assert made["embedded"] > 28
    assert told("index", "--all").startswith("28 pieces: 0 passages written, 0 vectors made, 0 deleted")

    lines = told("search", "hiding in the garden", "--user", EMAIL).splitlines()
    assert lines[0].startswith("1. Disorientation (disorientation, awakening): open, score 0.0")
    assert "   - full text rank 1: +1/61" in lines
    assert "   - open, not done: ×6/5" in lines

    found = json.loads(told("search", "a rule of prayer", "--user", EMAIL, "--json"))
    locked = next(hit for hit in found["hits"] if hit["title"] == "A rule of prayer")
    assert (locked["state"], locked["snippet"], locked["contentRef"]) == ("locked", [], None)
    assert locked["locked"][-1].startswith("to open it: ")
    assert "trellis" not in json.dumps([hit["snippet"] for hit in found["hits"]])  # a word of the locked text


def test_a_member_that_is_not_there_and_an_empty_query_are_refused(told):
    assert "there is no account" in told("search", "a", "--user", "nobody@example.org", code=2).lower()
    assert "nothing to search for" in told("search", " ", "--user", EMAIL, code=2)
