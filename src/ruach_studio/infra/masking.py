"""Hide the passwords in text that people may read: log lines, error messages, what a backup says of its settings.

On its own, because every module logs and few need the settings: they take a tenth of a second to import.
"""

import re

_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):[^@\s]*@")
_PASSWORD_IN_DSN = re.compile(r"(?i)\b(password|sslpassword)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]+)")


def masked(text: str) -> str:
    """Return `text` with every password of a URL or DSN replaced by `***`.

    >>> masked("postgresql://ruach:hunter2@db/ruach")
    'postgresql://ruach:***@db/ruach'
    """
    return _PASSWORD_IN_DSN.sub(r"\1=***", _PASSWORD_IN_URL.sub(r"\1:***@", text))
