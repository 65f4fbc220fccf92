"""Turn what a file says of its colours into what must be done to show them right as BT.709.

Four verdicts. `none`: BT.709 already. `matrix`: BT.709 primaries stored by another matrix (BT.601 of small pictures and
phones; RGB of screen recordings). `primaries`: another gamut too (SMPTE-C, EBU, Display P3, BT.2020 without HDR).
`tone-map`: PQ (SMPTE ST 2084) or HLG (ARIB STD-B67). What a file does not say is assumed as players do: BT.709 from 720
lines or 1280 columns on, below that BT.601's matrix with BT.709's primaries (a webcam's).

Tone mapping: the reference white of ITU-R BT.2408 (203 cd/m²; 75 % in HLG) is 1.0; up to 0.3 of it the light stays as it
is, above that a Möbius curve bends 1,000 cd/m² to the white of BT.709; brighter light is white. HLG is first shown on a
display of 1,000 cd/m² (BT.2100's system gamma of 1.2), so both give the same picture. The numbers are H.273's code
points, as FFmpeg has them. Counterpart: recolour.py makes filters of the verdict.
"""

from dataclasses import dataclass
from typing import Literal

RULES_VERSION = "colour-v1"
REFERENCE_WHITE_NITS, PEAK_NITS = 203.0, 1000.0
LINEAR_UP_TO = 0.3
HD_LINES, HD_COLUMNS = 720, 1280

RGB, BT709, UNSPECIFIED, BT470BG, SMPTE170M, SMPTE240M, BT2020, BT2020_CONSTANT = 0, 1, 2, 5, 6, 7, 9, 10
PQ, HLG = 16, 18
_MATRICES = {
    RGB: "gbr", BT709: "bt709", BT470BG: "bt470bg", SMPTE170M: "smpte170m", SMPTE240M: "smpte240m", BT2020: "bt2020nc",
    BT2020_CONSTANT: "bt2020c",
}  # fmt: skip
_PRIMARIES = {
    BT709: "bt709", 4: "bt470m", BT470BG: "bt470bg", SMPTE170M: "smpte170m", SMPTE240M: "smpte240m", BT2020: "bt2020",
    11: "smpte431", 12: "smpte432", 22: "jedec-p22",
}  # fmt: skip
_TRANSFERS = {
    BT709: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 13: "iec61966-2-1", 14: "bt2020-10",
    15: "bt2020-12", PQ: "smpte2084", HLG: "arib-std-b67",
}  # fmt: skip

Conversion = Literal["none", "matrix", "primaries", "tone-map"]


@dataclass(frozen=True, slots=True)
class Colours:
    """What a file says: code points of ITU-T H.273 (2: nothing), and its stored size, which decides in silence."""

    matrix: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    width: int = 1920
    height: int = 1080
    is_rgb: bool = False


@dataclass(frozen=True, slots=True)
class Conversion709:
    """The verdict: what to do, from which colours (FFmpeg's names, nothing left open), and why."""

    conversion: Conversion
    matrix: str
    primaries: str
    transfer: str
    reason: str


def conversion_of(colours: Colours) -> Conversion709:
    """Return how `colours` become BT.709."""
    matrix, assumed = _matrix(colours)
    hdr = colours.transfer in (PQ, HLG)
    primaries = _PRIMARIES.get(colours.primaries) or ("bt2020" if hdr or matrix.startswith("bt2020") else "bt709")
    transfer = _TRANSFERS.get(colours.transfer, "bt709")
    if hdr:
        matrix = "bt2020nc" if assumed else matrix
        name = "PQ" if colours.transfer == PQ else "HLG"
        return Conversion709("tone-map", matrix, primaries, transfer, f"{name}: high dynamic range, mapped to BT.709")
    said = "assumed by its size" if assumed else "as the file says"
    if primaries != "bt709":
        return Conversion709("primaries", matrix, primaries, transfer, f"primaries {primaries} (matrix {matrix}, {said})")
    if matrix != "bt709":
        return Conversion709("matrix", matrix, primaries, transfer, f"matrix {matrix}, {said}")
    return Conversion709("none", matrix, primaries, transfer, f"BT.709, {said}")


def _matrix(colours: Colours) -> tuple[str, bool]:
    if colours.is_rgb:
        return "gbr", False
    if colours.matrix in _MATRICES and colours.matrix != RGB:
        return _MATRICES[colours.matrix], False
    is_hd = colours.height >= HD_LINES or colours.width >= HD_COLUMNS
    return "bt709" if is_hd else "smpte170m", True
