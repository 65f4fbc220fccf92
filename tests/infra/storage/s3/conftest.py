"""A store behind a line that can be broken, on the real server."""

import hashlib

import pytest

from ruach_studio.testing.faulty_proxy import Fault, faulty_proxy

KEY = "renders/talk-1/full_16_9/9f1c1a52-0b7a-4d0e-8a39-0f6f5f5a7b11.mp4"


@pytest.fixture
def key():
    return KEY


@pytest.fixture
def line(s3):
    """The proxy before the server; `line.fault(kind, pattern, …)` plans what happens."""
    with faulty_proxy(s3.port) as proxy:
        proxy.fault = lambda *what, **more: proxy.faults.append(Fault(*what, **more))
        yield proxy


@pytest.fixture
def behind(bucket, line):
    """A store that reaches the bucket through `line`; changes to its place may be given."""

    def open_store(**changes):
        return bucket.store(endpoint=line.endpoint, **changes)

    return open_store


@pytest.fixture
def talk(film):
    """A film of two parts (5 MiB and 1 MiB) and its SHA-256."""
    content = bytes(range(253)) * 24_900
    return film(content, "talk.mp4"), hashlib.sha256(content).hexdigest()
