"""Turn footage into the session id that the same footage always gets.

Each file is known by its size and the SHA-256 of its first and last megabyte: quick on a hundred gigabytes, and no two
recordings share it. Names of folders do not matter, so a moved card is still the same session.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ruach_studio.assembly.usecases.footage import CameraFiles
from ruach_studio.kernel.hashing import canonical_json, sha256_hex, uuid5

_EDGE_BYTES = 1 << 20


def session_of(cameras: Sequence[CameraFiles]) -> str:
    """Return the session id of these cameras: names, roles and content decide. Blocking; the files must exist."""
    identity = [
        {"camera": each.camera_id, "role": each.role, "files": [fingerprint(path) for path in each.paths]}
        for each in cameras
    ]
    return uuid5("session:" + sha256_hex(canonical_json(identity)))


def fingerprint(path: Path) -> str:
    """Return 'size:sha256' of a file, hashing its first and last megabyte."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        edges = file.read(_EDGE_BYTES)
        file.seek(max(len(edges), size - _EDGE_BYTES))
        edges += file.read(_EDGE_BYTES)
    return f"{size}:{sha256_hex(edges)}"
