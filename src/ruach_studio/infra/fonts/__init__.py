"""Turn "the typeface that we ship" into a folder of font files that is proven whole.

Noto Sans and Noto Sans Hebrew in two weights, unchanged, under the SIL Open Font License (OFL.txt beside this file): Latin
with every diacritic, Greek with breathings and accents, Cyrillic, Hebrew with points. A text drawn without its typeface
silently disappears or looks different on each machine; so nothing here asks the system for fonts, and whoever draws
proves first that the files are there. render/glyphs.py says which characters they hold.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ruach_studio.kernel.errors import Unavailable

FOLDER = Path(__file__).parent / "files"
SHA256: Mapping[str, str] = {
    "NotoSans-Bold.ttf": "13a813c49624ae3ba3c5c6e72c5ebffc4b9e1e6ea32f421c04069b037c6ad431",
    "NotoSans-Medium.ttf": "8c1dc004996029f804283dd398ca2a05d4d33ebcba5c0d25ea13fd2026572279",
    "NotoSansHebrew-Bold.ttf": "8010b087f33f152e25aef020e68cb5568d6f8deebb6dde8f60d655196e59ebde",
    "NotoSansHebrew-Medium.ttf": "d13aada423b8c5671b7357793cdd6a6877d86308fb8d170192deca349cac4ccb",
}


class FontMissing(Unavailable):
    """A font file that belongs to the installation is missing or damaged."""

    code = "font_missing"
    retryable = False  # it stays missing until somebody repairs the installation
    exit_code = 2


def check_fonts(folder: Path = FOLDER) -> Path:
    """Return the folder of the font files, each read and compared with its SHA-256. Raises FontMissing naming the file."""
    for name, sha256 in SHA256.items():
        path = folder / name
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise _missing(path, f"it cannot be read ({error.strerror})") from error
        if found != sha256:
            raise _missing(path, "it holds other bytes than the one we ship")
    return folder


@lru_cache(maxsize=1)
def fonts_digest() -> str:
    """Return one hash of all font files: what was drawn with them carries it in its key."""
    return hashlib.sha256("".join(SHA256.values()).encode()).hexdigest()


def _missing(path: Path, fact: str) -> FontMissing:
    return FontMissing(fact, subject=str(path), remedy="Install ruach-studio again, then start the render again.")
