"""Turn a JSON object into text that a jsonb column takes: PostgreSQL refuses the NUL character, so it is refused here."""

import json

from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import plain


def to_jsonb(value: object, *, subject: str) -> str:
    """Return the JSON text of `value` (plain types and dataclasses); raise BadInput naming `subject` if it holds NUL."""
    text = json.dumps(plain(value), allow_nan=False, ensure_ascii=False)
    if "\\u0000" in text:
        raise BadInput("a text in it holds the NUL character", subject=subject, remedy="Remove the character.")
    return text


def without_nul(value: object) -> str:
    """Return the JSON text of an error report, its NUL characters replaced: a report must never fail to be stored."""
    return json.dumps(plain(value), allow_nan=False, ensure_ascii=False).replace("\\u0000", "\\ufffd")
