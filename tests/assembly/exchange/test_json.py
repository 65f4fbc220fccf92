"""JSON loses nothing, and refuses what is no EDL."""

from dataclasses import replace

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


@pytest.mark.parametrize("text", ["[" * 100_000, '{"fps":' + "9" * 5000 + "}", "\ufeff{}"])
def test_json_that_no_parser_takes_is_refused_in_words(text):
    with pytest.raises(BadEdl, match="no JSON"):
        read_json(text)


@pytest.mark.parametrize(
    ("before", "after", "fact"),
    [
        ('"durationFrames":', '"durationFrames":Infinity,"was":', "wrong form"),
        ('"startFrame":', '"startFrame":1e999,"was":', "wrong form"),
        ('"fps":"30000/1001","master', '"fps":"1/0","master', "wrong form"),
        ('"chapters":[]', '"chapters":[5]', "chapters"),
        ('"shorts":[]', '"shorts":["x"]', "shorts"),
    ],
)
def test_values_that_hands_broke_are_refused_in_words(make_edl, before, after, fact):
    text, _ = export(make_edl(), "json")
    assert before in text
    with pytest.raises(BadEdl, match=fact):
        read_json(text.replace(before, after, 1))


def test_only_offered_formats(make_edl):
    assert set(FORMATS) == {"json", "otio", "fcpxml", "fcp7xml", "cmx3600", "mlt", "kdenlive"}
    with pytest.raises(NotFound, match="no export format 'aaf'"):
        export(make_edl(), "aaf")


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "json"])
@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"program": ()}, "no cut"),
        ({"master_camera": "mix"}, "the master Camera mix has no picture"),
        ({"programme_audio": "lost"}, "Camera lost, which is no source"),
    ],
)
def test_an_edl_with_an_error_goes_out_as_json_alone(make_edl, name, change, fact):
    edl = replace(make_edl(audio=True), **change)
    with pytest.raises(BadEdl, match=fact):
        export(edl, name)
    assert export(edl, "json")[1] == ()
