"""Turn a path that somebody sent into a real path inside the allowed folders, or refuse it.

Symbolic links are resolved first, so a link inside a root that points outside is refused too.
"""

from collections.abc import Sequence
from pathlib import Path

from ruach_studio.kernel.errors import Forbidden


class PathRefused(Forbidden):
    """The path lies outside the folders that this server may read."""

    code = "path_refused"


def resolve_under(path: Path | str, roots: Sequence[Path]) -> Path:
    """Return the absolute real path of `path` (relative paths count from the first root); raise PathRefused.

    An empty `roots` refuses everything: the caller says explicitly what may be read.
    """
    text = str(path)
    if "\x00" in text:
        raise PathRefused("the path holds a NUL character", subject=text.replace("\x00", "?"))
    real_roots = [root.resolve() for root in roots]
    base = real_roots[0] if real_roots else Path("/")
    try:
        real = (base / text).resolve()
    except (OSError, RuntimeError) as error:  # links that lead in a circle; until Python 3.13 a RuntimeError
        raise PathRefused("the path leads nowhere", subject=text, remedy="Check the links on its way") from error
    if any(real == root or root in real.parents for root in real_roots):
        return real
    raise PathRefused(
        subject=text,
        remedy="Move the footage under an allowed folder, or add its folder to RUACH_MEDIA_ROOTS",
    )
