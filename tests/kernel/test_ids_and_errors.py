"""Ids are checked by form; errors name the subject, the fact and the remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.kernel.errors import BadInput, Malformed, NotFound, RuachError, Unavailable
from ruach_studio.kernel.ids import checked_name, checked_uuid4, is_uuid4

UUID1 = "58d3cb06-e70e-11f1-a105-02fc00000001"
UUID4 = "706334c9-e8d8-41bb-b572-9c0871fcba05"


@given(st.uuids(version=4))
def test_every_uuid4_passes(value):
    assert checked_uuid4(str(value), field="correlationId") == str(value)


@pytest.mark.parametrize("text", ["", "x", UUID1, UUID4.upper(), UUID4.replace("-", "")])
def test_anything_else_is_refused_by_name(text):
    assert not is_uuid4(text)
    with pytest.raises(Malformed, match="correlationId"):
        checked_uuid4(text, field="correlationId")


@pytest.mark.parametrize("name", ["", "../x", "a b", "-a", "a" * 65, "é"])
def test_a_camera_name_is_plain(name):
    with pytest.raises(Malformed, match="camera"):
        checked_name(name, field="camera")


def test_an_error_reads_as_subject_fact_remedy():
    error = BadInput("it is empty (0 bytes)", subject="a.mp4", remedy="Copy it again from the card.")
    assert str(error) == "a.mp4: it is empty (0 bytes). Copy it again from the card."
    assert (error.status, error.exit_code, error.retryable) == (422, 2, False)


def test_the_docstring_is_the_message_when_nothing_else_is_said():
    assert str(NotFound()) == "There is no such thing"
    assert Unavailable().retryable


def test_codes_are_unique():
    def below(kind):
        return [kind, *(deep for sub in kind.__subclasses__() for deep in below(sub))]

    codes = [kind.code for kind in below(RuachError) if kind.__module__ == "ruach_studio.kernel.errors"]
    assert len(codes) == len(set(codes))
