"""A service that cannot listen says so before it starts anything."""

import socket

import pytest

from ruach_studio.app.cli.main import run_command


def test_a_port_that_is_taken_is_named_and_nothing_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert run_command(["serve", "--port", port]) == 2
    said = capsys.readouterr().err
    assert f"127.0.0.1:{port}" in said
    assert "in use" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_that_is_not_ours_is_named(host, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))
    assert run_command(["serve", "--host", host, "--port", "8699"]) == 2
    assert host in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("named", ["", " , "])
def test_a_choice_of_pillars_that_names_none_does_not_mean_all(command, named, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))
    assert run_command([command, "--pillars", named]) == 2
    said = capsys.readouterr().err
    assert "--pillars" in said
    assert "assembly, render, formation, membership" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_pillar_that_does_not_exist_is_said_of_the_option_with_those_that_do(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))
    assert run_command([command, "--pillars", "rendr,assembly"]) == 2
    assert capsys.readouterr().err.strip() == (
        "ruach: --pillars: there is no pillar rendr. "
        "Name some of assembly, render, formation, membership, or leave it out for all."
    )
    assert list(tmp_path.iterdir()) == []
