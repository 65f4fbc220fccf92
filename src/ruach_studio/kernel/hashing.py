"""Turn any plain value into the same bytes on every machine, and the bytes into a hash or a UUIDv5.

Canonical form: JSON, UTF-8, keys sorted by code point, no spaces, floats in shortest round-trip form, and a whole
float written as an integer would be (2.0 and 2 are one value). NaN and infinities, which JSON lacks, are the
strings "NaN", "Infinity" and "-Infinity". Fractions are "n/d". Decision record P9 asks for exactly this.
"""

import dataclasses
import enum
import hashlib
import json
import math
from collections.abc import Mapping, Sequence, Set
from fractions import Fraction

# Namespace of every id that this project derives (a UUIDv4 drawn once, then fixed for ever).
RUACH_NAMESPACE = "b7a4d1c2-5f0e-4c9a-9d6b-3e8f21a07c54"


def plain(value: object) -> object:
    """Reduce `value` to dict, list, str, int, float, bool and None. Raises TypeError for anything without a plain form."""
    kind = type(value)
    if kind is str or kind is int or value is None:  # most of it, and an Enum of strings is neither
        return value
    if kind is dict:
        return {key if type(key) is str else str(plain(key)): plain(each) for key, each in value.items()}  # type: ignore[attr-defined]
    if kind is list or kind is tuple:
        return [plain(each) for each in value]  # type: ignore[attr-defined]
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return _plain_float(value)
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, bytes):
        return "sha256:" + hashlib.sha256(value).hexdigest()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(k)): plain(v) for k, v in value.items()}
    if isinstance(value, Set):
        return sorted((plain(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    if isinstance(value, Sequence):
        return [plain(v) for v in value]
    raise TypeError(f"no canonical form for {type(value).__name__}")


def canonical_json(value: object) -> bytes:
    """Return the one JSON text of `value`, as UTF-8 bytes."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256_hex(data: bytes | memoryview) -> str:
    """Return the SHA-256 of `data` as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def inputs_hash(value: object) -> str:
    """Return the SHA-256 over the canonical JSON of exactly the inputs that a rule read."""
    return sha256_hex(canonical_json(value))


def uuid5(name: str, namespace: str = RUACH_NAMESPACE) -> str:
    """Return the UUIDv5 of `name` (RFC 9562, section 5.5), without importing `uuid`, which can also draw random ids."""
    text = hashlib.sha1(bytes.fromhex(namespace.replace("-", "")) + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def _plain_float(value: float) -> object:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
