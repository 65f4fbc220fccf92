"""Turn what pydantic found wrong with one value into the words for a person."""

from collections.abc import Mapping
from typing import Any

_PREFIXES = ("Value error, ", "Assertion failed, ")  # pydantic's own, before the sentence that a validator raised


def words_of(fault: Mapping[str, Any]) -> str:
    """Return the sentence of one item of `ValidationError.errors()`; what our validators said stands alone.

    >>> words_of({"type": "value_error", "msg": "Value error, it is no address"})
    'it is no address'
    """
    message = str(fault["msg"])
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return message
