"""Turn a file into what S3 will say of it: size, SHA-256, equal parts with their MD5, and the ETag that follows.

One request carries up to one part; larger files go in parts of 8 MiB, or as many whole MiB as keep them under 10,000. All
but the last are equal (R2 asks for that). An ETag is the MD5 of the bytes; of parts, the MD5 of their MD5s, then "-" and
their number. A server that encrypts with its own keys answers with another; then upload.py reads the object back.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ruach_studio.infra.storage.port import BLOCK_BYTES
from ruach_studio.kernel.errors import BadInput

MIB = 1 << 20
PART_BYTES_MIN = 8 * MIB
PARTS_MAX = 10_000


class SourceChanged(BadInput):
    """The file changed while it was being stored."""

    code = "source_changed"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it was when measured. `part_md5s` holds the 16-byte MD5 of each part; an empty file has one part."""

    size_bytes: int
    sha256: str
    part_bytes: int
    part_md5s: tuple[bytes, ...]

    @property
    def whole(self) -> bool:
        """Say whether it goes in one request."""
        return len(self.part_md5s) == 1

    @property
    def etag(self) -> str:
        """Return the ETag that a server gives to it, without quotes."""
        if self.whole:
            return self.part_md5s[0].hex()
        return f"{_md5(b''.join(self.part_md5s)).hex()}-{len(self.part_md5s)}"


def part_bytes_for(size_bytes: int, least: int = PART_BYTES_MIN) -> int:
    """Return how large the parts of a file are.

    >>> [part_bytes_for(size) // MIB for size in (0, 10 * 2**30, 100 * 2**30)]
    [8, 8, 11]
    """
    needed = -(-size_bytes // PARTS_MAX)
    return max(least, -(-needed // MIB) * MIB)


def measure(path: Path, check: Callable[[], None], least_part_bytes: int = PART_BYTES_MIN) -> FileFacts:
    """Read `path` once. `check` is called at every block and may raise to stop. Raises BadInput (it cannot be read)."""
    sha256, md5s, size_bytes = hashlib.sha256(), list[bytes](), 0
    try:
        with path.open("rb") as file:
            part_bytes = part_bytes_for(path.stat().st_size, least_part_bytes)
            while block := file.read(min(BLOCK_BYTES, part_bytes)):
                check()
                if size_bytes % part_bytes == 0:
                    part = hashlib.md5(usedforsecurity=False)
                    md5s.append(b"")
                part.update(block)
                md5s[-1] = part.digest()
                sha256.update(block)
                size_bytes += len(block)
    except OSError as error:
        raise BadInput(f"it cannot be read ({error.strerror})", subject=str(path), remedy="Give a readable file.") from error
    return FileFacts(size_bytes, sha256.hexdigest(), part_bytes, tuple(md5s) or (_md5(b""),))


def read_part(path: Path, facts: FileFacts, number: int) -> bytes:
    """Return part `number` (from 0) of a measured file. Raises SourceChanged if it is not what was measured."""
    with path.open("rb") as file:
        file.seek(number * facts.part_bytes)
        content = file.read(facts.part_bytes)
    if _md5(content) != facts.part_md5s[number]:
        raise SourceChanged(subject=str(path), remedy="Let nothing write to it, then store it again.")
    return content


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()
