"""JSON loses nothing, and refuses what is no EDL."""

import pytest

from ruach_studio.assembly.edl import BadEdl, edl_bytes
from ruach_studio.assembly.exchange import FORMATS, export
from ruach_studio.assembly.exchange.json import read_json
from ruach_studio.kernel.errors import NotFound


def test_there_and_back(make_edl):
    edl = make_edl(audio=True)
    text, losses = export(edl, "json")
    assert losses == ()
    assert text.encode() == edl_bytes(edl)
    assert edl_bytes(read_json(text)) == text.encode()


@pytest.mark.parametrize(("text", "fact"), [("{", "no JSON"), ("[]", "no JSON object"), ("{}", "missing")])
def test_what_is_no_edl_is_refused(text, fact):
    with pytest.raises(BadEdl, match=fact):
        read_json(text)


def test_only_offered_formats(make_edl):
    assert set(FORMATS) == {"json", "fcpxml"}
    with pytest.raises(NotFound, match="no export format 'aaf'"):
        export(make_edl(), "aaf")
