"""What Remotion needs and is not there is named, with what to do; the setting chooses who draws."""

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from ruach_studio.app.runner import open_runner
from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.runners import remotion_process, remotion_tools
from ruach_studio.render.runners.remotion_process import RemotionTimeout, _failure, run_node
from ruach_studio.render.runners.remotion_tools import RemotionMissing, RemotionTools, find_tools

PROGRAM = Path(sys.executable)


def test_what_is_missing_is_named_with_its_remedy(tmp_path):
    with pytest.raises(RemotionMissing, match=r"node: Node.js is not there.*nodejs npm"):
        find_tools(tmp_path, node=tmp_path / "node")
    with pytest.raises(RemotionMissing, match=r"chrome: no Chromium is there.*chromium-headless-shell"):
        find_tools(tmp_path, browser=tmp_path / "chrome", node=PROGRAM)
    with pytest.raises(RemotionMissing, match=r"compositions are not there.*RUACH_REMOTION_DIR"):
        find_tools(tmp_path, folder=tmp_path, browser=PROGRAM, node=PROGRAM)
    (tmp_path / "render.mjs").touch()
    with pytest.raises(RemotionMissing, match=r"npm packages are not installed.*make remotion"):
        find_tools(tmp_path, folder=tmp_path, browser=PROGRAM, node=PROGRAM)


def test_relative_places_are_those_of_this_process(tmp_path, monkeypatch):
    (tmp_path / "render.mjs").touch()
    (tmp_path / "node_modules" / "@remotion" / "renderer").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    tools = find_tools(Path("sites"), folder=Path(), browser=PROGRAM, node=PROGRAM)
    assert (tools.sites, tools.folder) == (tmp_path / "sites", tmp_path)  # Node runs in another folder


def test_a_folder_that_happens_to_be_called_remotion_is_never_run(tmp_path, monkeypatch):
    (tmp_path / "remotion" / "node_modules" / "@remotion" / "renderer").mkdir(parents=True)
    (tmp_path / "remotion" / "render.mjs").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(remotion_tools, "_BESIDE_THE_SOURCE", tmp_path / "elsewhere")
    with pytest.raises(RemotionMissing, match="elsewhere: the compositions are not there"):
        find_tools(tmp_path, browser=PROGRAM, node=PROGRAM)


@pytest.mark.parametrize(
    ("told", "stderr", "code", "retryable"),
    [
        ("ENOSPC: no space left on device", "", "out_of_space", True),
        ("x", "Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@remotion/renderer'", "remotion_missing", False),
        ("Failed to launch the browser process!", "", "remotion_missing", False),
        ('A delayRender() "Extracting" was called but not cleared after 118000ms (timeout)', "", "remotion_timeout", True),
        ("Cannot decode http://127.0.0.1/x/0.mp4", "", "remotion_failed", False),
    ],
)
def test_what_node_says_becomes_an_error_of_ours(told, stderr, code, retryable):
    error = _failure([{"event": "failed", "message": told}], 1, stderr, PROGRAM)
    assert (error.code, error.retryable) == (code, retryable)


def test_a_browser_that_does_not_start_is_quoted():
    told = """Failed to launch the browser process!
Error: Closed with null signal: SIGABRT
    at ChildProcess.emit (node:events:524:28)
[5917:FATAL:chrome/browser/process_singleton_posix.cc:315] Socket path too long: /tmp/x
Troubleshooting: https://example.org"""
    error = _failure([{"event": "failed", "message": told}], 1, "", PROGRAM)
    fatal = "[5917:FATAL:chrome/browser/process_singleton_posix.cc:315] Socket path too long: /tmp/x"
    assert f"{PROGRAM}: the browser does not start ({fatal})" in str(error)
    assert error.details["said"] == told


def test_node_that_ends_without_a_word_is_a_failure_too():
    assert "ended with code -9" in str(_failure([], -9, "", PROGRAM))


async def test_a_browser_that_hangs_is_killed_and_named(tmp_path, monkeypatch):
    """A fake Node.js tells one frame and then nothing; the real one did that for twelve minutes."""
    node, heard, pid = tmp_path / "node", [], tmp_path / "pid"
    node.write_text(f"""#!/bin/sh
read line
echo $$ > {pid}
echo '{{"event": "progress", "chunk": 0, "frames": 1}}'
exec sleep 600
""")
    node.chmod(0o755)
    monkeypatch.setattr(remotion_process, "SILENT_S", 0.5)
    tools = RemotionTools(node, PROGRAM, tmp_path, tmp_path)
    with pytest.raises(RemotionTimeout, match=r"said nothing for 0.5 s") as caught:
        await run_node(tools, {}, heard.append, asyncio.Event(), scratch=tmp_path)
    assert caught.value.retryable
    assert [event["frames"] for event in heard] == [1]
    assert not psutil.pid_exists(int(pid.read_text()))
    assert not list(tmp_path.glob("tmp-*"))


def test_the_setting_chooses_who_draws(tmp_path):
    assert open_runner(load_settings(data_dir=tmp_path)).name == "ffmpeg"
    with pytest.raises(RemotionMissing, match="node"):
        open_runner(load_settings(data_dir=tmp_path, render_runner="cli", remotion_node=tmp_path / "node"))
    keys = ("region", "function", "site", "bucket", "access_key_id", "secret_access_key")
    with pytest.raises(BadInput, match=r"guarded by the ledger"):
        open_runner(load_settings(data_dir=tmp_path, render_runner="lambda", **{f"lambda_{key}": "x" for key in keys}))
    with pytest.raises(BadInput, match="render_runner"):
        load_settings(data_dir=tmp_path, render_runner="premiere")
