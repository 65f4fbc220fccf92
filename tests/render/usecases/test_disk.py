import errno

import pytest

from ruach_studio.kernel.errors import OutOfSpace
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.usecases.disk import NotWritable, disk_errors, estimated_bytes


@pytest.mark.parametrize(
    ("number", "error", "exit_code"),
    [
        (errno.ENOSPC, OutOfSpace, 2), (errno.EDQUOT, OutOfSpace, 2),
        (errno.EACCES, NotWritable, 2), (errno.EROFS, NotWritable, 2), (errno.ENOTDIR, NotWritable, 2),
    ],
)  # fmt: skip
def test_the_systems_refusals_become_sentences(tmp_path, number, error, exit_code):
    with pytest.raises(error, match=r"out") as caught, disk_errors(tmp_path / "out"):
        raise OSError(number, "no")
    assert caught.value.exit_code == exit_code
    assert caught.value.remedy


def test_other_errors_pass(tmp_path):
    with pytest.raises(OSError, match="odd") as caught, disk_errors(tmp_path):
        raise OSError(errno.EIO, "odd")
    assert caught.type is OSError


def test_the_estimate_grows_with_size_and_length(make_edl, make_clip, tmp_path):
    def need(frames, name):
        cameras = {"A": [make_clip(tmp_path / "a.mp4", frames=frames)]}
        return estimated_bytes(plan_render(make_edl([(frames, "A")], cameras), PRESETS[name]))

    assert need(54_000, "full_16_9") == pytest.approx(10 * need(5_400, "full_16_9"), rel=0.01)
    assert need(5_400, "thumbnail") < need(300, "clip_1_1") + 10**7
    assert 3e9 < need(54_000, "full_16_9") < 9e9  # half an hour of 1080p while it works
