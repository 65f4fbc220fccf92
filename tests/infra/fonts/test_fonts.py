"""A font that is missing or damaged is an error with a remedy before anything is drawn, never a picture without text."""

import shutil

import pytest

from ruach_studio.infra.fonts import FOLDER, SHA256, FontMissing, check_fonts


def test_the_shipped_fonts_are_whole():
    assert check_fonts() == FOLDER
    assert sorted(p.name for p in FOLDER.iterdir()) == sorted(SHA256)
    assert "SIL OPEN FONT LICENSE" in (FOLDER.parent / "OFL.txt").read_text().upper()


@pytest.mark.parametrize("harm", [lambda p: p.unlink(), lambda p: p.write_bytes(p.read_bytes()[:-1])])
def test_a_missing_or_damaged_font_is_named(tmp_path, harm):
    folder = tmp_path / "fonts"
    shutil.copytree(FOLDER, folder)
    harm(folder / "NotoSansHebrew-Bold.ttf")
    with pytest.raises(FontMissing, match="NotoSansHebrew-Bold") as caught:
        check_fonts(folder)
    assert (caught.value.code, caught.value.retryable) == ("font_missing", False)
    assert "Install ruach-studio again" in caught.value.remedy
