"""Every form is read exactly; whatever is wrong is named by its cue and line, and refused whole."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.transcript import Segment, Word
from ruach_studio.assembly.transcript_fault import BadTranscript
from ruach_studio.assembly.transcript_read import BYTES_MAX, read_transcript_file

SRT = """1
00:00:01,500 --> 00:00:03,000
In the <i>beginning</i> &amp; always

2
01:00:03.000 --> 01:00:04,25
{\\an8}Second line
of two
"""
VTT = """WEBVTT - a talk

NOTE nothing
of this --> counts

STYLE
::cue { color: red }

intro
00:01.000 --> 00:03.000 align:start position:0%
<v Ann Lee>Peace<00:01.500><c> be with</c><00:02.500> you</v>

1:00:00.000 --> 1:00:01.000
Amen
"""


def read(text, **kwargs):
    return read_transcript_file(text.encode() if isinstance(text, str) else text, "talk.x", **kwargs)


def spans(found):
    return [(s.start_ms, s.end_ms, s.text) for s in found.segments]


def refused(text, **kwargs):
    with pytest.raises(BadTranscript) as caught:
        read(text, **kwargs)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16"])
def test_srt_whatever_its_line_ends_and_its_mark(newline, code):
    found = read(SRT.replace("\n", newline).encode(code))
    assert (found.format, spans(found)) == (
        "srt", [(1500, 3000, "In the beginning & always"), (3_603_000, 3_604_250, "Second line of two")],
    )  # fmt: skip


def test_webvtt_with_its_speaker_and_the_times_of_its_words():
    found = read(VTT)
    assert found.format == "vtt"
    assert found.segments[0] == Segment(
        1000, 3000, "Peace be with you", "Ann Lee", None,
        (Word(1000, 1500, "Peace"), Word(1500, 1875, "be"), Word(1875, 2500, "with"), Word(2500, 3000, "you")),
    )  # fmt: skip
    assert spans(found)[1] == (3_600_000, 3_601_000, "Amen")


def test_cues_that_touch_and_a_counter_that_lacks():
    found = read(
        "1\n00:00:01,000 --> 00:00:02,000\na\n2\n00:00:02,000 --> 00:00:03,000\nb\n\n00:00:04,000 --> 00:00:05,000\nc"
    )
    assert spans(found) == [(1000, 2000, "a"), (2000, 3000, "b"), (4000, 5000, "c")]


def test_a_cue_without_text_is_left_out_and_counted():
    found = read("1\n00:00:01,000 --> 00:00:02,000\n\n2\n00:00:02,000 --> 00:00:03,000\nb\n")
    assert (spans(found), found.empty, found.cues) == ([(2000, 3000, "b")], 1, (2,))


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("1\n00:00:01,000 -> 00:00:02,000\na", "cue 1, line 1: no line of times, but '1'"),
        ("1\n00:00:01,000 --> 00:00:02\na", "cue 1, line 2: '00:00:01,000 --> 00:00:02' is not a line of times"),
        ("1\n00:01,000 --> 00:02,000\na\n\n2\n0:00:05,000 --> 0:00:04,000\nb", "cue 2, line 6: it ends before"),
        ("x\n00:00:01,000 --> 00:00:02,000\na", "cue 1, line 2: 'x' is not a counter"),
        ("1\n00:00:01,000 --> 00:75:02,000\na", "cue 1, line 2: '00:00:01,000 --> 00:75:02,000' is not a line of times"),
        ("1\n00:00:01,000 --> 00:00:02,000\na\n\nlost paragraph", "cue 2, line 5: no line of times, but 'lost paragraph'"),
        ("WEBVTT\n\n00:01.000 --> 00:01.000\na", "cue 1, line 3: it ends as it starts"),
        ("", "0 segments with text"), ("{}", "it has no list `segments`, `transcription` or `words`"), ("3",
         "cue 1, line 1"),
        ('{"segments": [{"start": 0, "end": 1}, {"start": 2, "text": "a"}]}', "segment 2: it has no 'end'"),
        ('{"segments": [{"start": NaN, "end": 1, "text": ""}]}', "it is no JSON"),
        ('{"segments": [{"start": 3, "end": 1, "text": "a"}]}', "segment 1: it ends before it starts"),
        ('{"segments": [{"start": 0, "end": 1, "text": "a", "confidence": 7}]}', "segment 1: its confidence 7 is outside"),
        ('{"segments": [7]}', "segment 1"), ("[" * 100_000, "it is no JSON"), ('{"words": [7]}', "word 1 is no object"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text, fact):
    assert fact in refused(text).fact


def test_all_faults_are_told_and_counted():
    bad = "\n\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},000\nx" for n in range(1, 5))
    caught = refused(bad)
    assert caught.fact == "cue 1, line 2: it ends as it starts, and 3 more"
    assert (caught.details["count"], caught.details["faults"][3]) == (4, "cue 4, line 14: it ends as it starts")


def test_another_encoding_is_named_not_guessed():
    data = SRT.replace("always", "für immer").encode("cp1252")
    assert "line 3 is not UTF-8" in refused(data).fact
    assert spans(read(data, encoding="cp1252"))[0][2] == "In the beginning & für immer"
    assert "no encoding 'martian'" in refused(data, encoding="martian").fact
    assert "zero bytes" in refused(SRT.encode("utf-16-le")).fact
    assert "8.0 MB" in refused(b"x" * (BYTES_MAX + 1)).fact


def test_whisper_x_words_without_times_share_the_gap():
    told = {"language": "en", "segments": [{"start": 1.0, "end": 3.0, "text": " Chapter 13 verse", "speaker": "S1",
        "words": [
        {"word": " Chapter", "start": 1.0, "end": 1.4, "score": 0.5}, {"word": "13"},
        {"word": "verse", "start": 2.0, "end": 3.0, "probability": 1.0}]}]}  # fmt: skip
    found = read(json.dumps(told))
    assert found.language == "en"
    assert found.segments[0].words == (
        Word(1000, 1400, "Chapter", 0.5), Word(1400, 2000, "13"), Word(2000, 3000, "verse", 1.0)
    )  # fmt: skip
    assert (found.segments[0].text, found.segments[0].speaker) == ("Chapter 13 verse", "S1")


def test_whisper_cpp_and_bare_words_and_ours():
    cpp = {"result": {"language": "de"}, "transcription": [{"offsets": {"from": 10, "to": 500}, "text": " Am Anfang"}]}
    assert (spans(read(json.dumps(cpp))), read(json.dumps(cpp)).language) == ([(10, 500, "Am Anfang")], "de")
    words = [{"word": w, "start": s, "end": s + 0.4} for w, s in (("It", 0), ("is.", 0.5), ("And", 1.0), ("then", 2.5))]
    assert spans(read(json.dumps({"words": words}))) == [(0, 900, "It is."), (1000, 1400, "And"), (2500, 2900, "then")]
    ours = [{"startMs": 5, "endMs": 9.5, "text": "x", "speaker": "Ann"}]
    assert read(json.dumps(ours)).segments == (Segment(5, 9.5, "x", "Ann"),)


LINES = st.sampled_from(
    [
        "",
        "1",
        "x",
        "WEBVTT",
        "00:00:01,000 --> 00:00:02,000",
        "00:01.000 --> 00:02.000",
        "-->",
        "<v A>b",
        "<00:00:01.500>",
        "NOTE",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.lists(LINES, max_size=12).map("\n".join), st.text(max_size=80)).map(str.encode) | st.binary(max_size=60))
def test_anything_is_read_or_refused(data):
    try:
        found = read_transcript_file(data, "x")
    except BadTranscript:
        return
    assert all(s.end_ms > s.start_ms and s.text for s in found.segments)


@pytest.mark.parametrize("sign", ["\\u0000", "\\ud800"])
@pytest.mark.parametrize("where", ["text", "speaker", "language", "word"])
def test_json_with_a_text_that_nothing_can_store_is_refused_by_its_segment(sign, where):
    told = {"text": "Peace be", "speaker": "Ann", "language": "en", "word": "Peace", where: f"a{sign}b"}
    words = f'[{{"start": 0, "end": 1, "word": "{told["word"]}"}}, {{"start": 1, "end": 2, "word": "be"}}]'
    segment = f'{{"start": 0, "end": 2, "text": "{told["text"]}", "speaker": "{told["speaker"]}", "words": {words}}}'
    with pytest.raises(BadTranscript, match="holds the NUL character or half of a surrogate pair") as refused:
        read(f'{{"language": "{told["language"]}", "segments": [{segment}]}}')
    assert ("segment 1" in str(refused.value)) == (where != "language")
