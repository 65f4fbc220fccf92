"""Turn a file and a kind into the name of what is made of it, and the name into its place: the same in every pillar.

A proxy, peaks or thumbnails belong to one file as it is. Assembly names and shows them, render makes them; both must
compute the same. render/derivative.py has how they are made.
"""

from typing import Literal

from ruach_studio.kernel.hashing import canonical_json, sha256_hex

Kind = Literal["proxy", "peaks", "thumbnails"]
KINDS: tuple[Kind, ...] = ("proxy", "peaks", "thumbnails")
# Raise a number when that kind is made in another way: what was made before is then not found any more.
RECIPES: dict[Kind, int] = {"proxy": 2, "peaks": 1, "thumbnails": 2}  # 2: HDR is tone-mapped


def name_of(path: str, size_bytes: int, mtime_ns: int, kind: Kind) -> str:
    """Return the name (32 hex digits) of `kind` of the file at `path`, as large and as old as given."""
    identity = {"path": path, "size": size_bytes, "mtimeNs": mtime_ns, "kind": kind, "recipe": RECIPES[kind]}
    return sha256_hex(canonical_json(identity))[:32]


def place_of(name: str) -> str:
    """Return the folder of a derivative, below the folder of all.

    >>> place_of("0f3a")
    '0f/0f3a'
    """
    return f"{name[:2]}/{name}"
