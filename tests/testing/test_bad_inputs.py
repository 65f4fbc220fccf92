"""Each specimen is bad in its own way only."""

from pathlib import Path

import av
import pytest

from ruach_studio.testing.bad_inputs import bad_inputs


def test_each_specimen_is_bad_in_its_own_way(tmp_path: Path) -> None:
    made = bad_inputs(tmp_path / "bad")
    assert not made["missing"].exists()
    assert made["directory"].is_dir()
    assert made["empty"].stat().st_size == 0
    for name in ("empty", "text", "truncated"):
        with pytest.raises((av.FFmpegError, OSError)):
            av.open(str(made[name]))
    kinds = {}
    for name in ("no_audio", "no_picture", "unrelated"):
        with av.open(str(made[name])) as container:
            kinds[name] = sorted(stream.type for stream in container.streams)
    assert kinds == {"no_audio": ["video"], "no_picture": ["audio"], "unrelated": ["audio", "video"]}
