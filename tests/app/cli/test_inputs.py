"""What a person types becomes footage, or a sentence that says what to type instead."""

from pathlib import Path

import pytest

from ruach_studio.app.cli.inputs import read_footage
from ruach_studio.kernel.errors import BadInput, RuachError


def test_cameras_keep_their_order_and_their_parts():
    footage = read_footage(["A=a.mp4", "B=b1.mp4,b2.mp4", "C=wide.mov"], wide="C", audio=["mix.wav", "lav1.wav,lav2.wav"])
    assert list(footage.cameras) == ["A", "B", "C"]
    assert footage.cameras["B"] == (Path("b1.mp4"), Path("b2.mp4"))
    assert [footage.role(name) for name in "ABC"] == ["camera", "camera", "wide"]
    assert footage.sounds == {"AUDIO": (Path("mix.wav"),), "AUDIO2": (Path("lav1.wav"), Path("lav2.wav"))}


def test_a_file_name_may_hold_an_equals_sign():
    assert read_footage(["A=take=1.mp4", "B=b.mp4"]).cameras["A"] == (Path("take=1.mp4"),)


def test_a_link_that_leads_to_itself_is_left_to_the_check_of_files(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert read_footage([f"A={tmp_path}/loop", "B=b.mp4"]).cameras["A"] == (tmp_path / "loop",)


@pytest.mark.parametrize(
    ("cameras", "options", "fact"),
    [
        (["A=a.mp4"], {}, "1 camera given"),
        ([], {}, "0 camera given"),
        (["A=a.mp4", "A=b.mp4"], {}, "camera A is named twice"),
        (["a.mp4", "B=b.mp4"], {}, "does not say NAME=FILE"),
        (["A=", "B=b.mp4"], {}, "does not say NAME=FILE"),
        (["A=,", "B=b.mp4"], {}, "names no file"),
        (["A/B=a.mp4", "B=b.mp4"], {}, "not a usable name"),
        (["A=a.mp4", "B=./a.mp4"], {}, "given twice, for camera A and camera B"),
        (["A=a\udcff.mp4", "B=b.mp4"], {}, "not valid UTF-8"),
        (["A=a.mp4", "B=b.mp4"], {"audio": ["m\udcff.wav"]}, "not valid UTF-8"),
        (["A=a.mp4", "B=b.mp4"], {"wide": "C"}, "there is no camera C"),
        (["A=a.mp4", "B=b.mp4"], {"master": "C"}, "there is no camera C"),
        (["A=a.mp4", "B=b.mp4"], {"audio": ["b.mp4"]}, "given twice, for camera B and camera AUDIO"),
        (["A=a.mp4", "AUDIO2=b.mp4"], {"audio": ["m.wav", "n.wav"]}, "name of an --audio track"),
        (["A=a.mp4", "B=b.mp4"], {"audio": ["m.wav", "m.wav"]}, "given twice, for camera AUDIO and camera AUDIO2"),
        (["A=a.mp4", "B=b.mp4"], {"audio": [""]}, "names no file"),
    ],
)
def test_each_mistake_is_named_and_exits_2(cameras, options, fact):
    with pytest.raises(RuachError, match=fact) as caught:
        read_footage(cameras, **options)
    assert isinstance(caught.value, BadInput)
    assert caught.value.exit_code == 2
    assert caught.value.remedy
