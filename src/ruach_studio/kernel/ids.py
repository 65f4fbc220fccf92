"""The four canonical ids, told apart by type and checked by form. Drawing one is the shell's work (infra/context.py)."""

import re
from typing import NewType

from ruach_studio.kernel.errors import Malformed

CorrelationId = NewType("CorrelationId", str)
AutomationId = NewType("AutomationId", str)
RenderJobId = NewType("RenderJobId", str)
FormationEnrollmentId = NewType("FormationEnrollmentId", str)

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def is_uuid4(text: str) -> bool:
    """Say whether `text` is a lower-case, dashed UUID of version 4."""
    return _UUID4.fullmatch(text) is not None


def checked_uuid4(text: str, *, field: str) -> str:
    """Return `text` if it is a UUIDv4, else raise Malformed naming `field`."""
    if not is_uuid4(text):
        raise Malformed(f"{text!r} is not a UUIDv4", subject=field, remedy="Send a lower-case, dashed UUID of version 4.")
    return text


def checked_name(text: str, *, field: str) -> str:
    """Return `text` if it can name a camera or a session (letters, digits, `_`, `-`; at most 64), else raise Malformed."""
    if not _NAME.fullmatch(text):
        raise Malformed(
            f"{text!r} is not a usable name", subject=field,
            remedy="Use 1 to 64 letters, digits, '_' or '-', starting with a letter or digit.",
        )  # fmt: skip
    return text
