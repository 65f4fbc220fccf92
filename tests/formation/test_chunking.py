from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.chunking import AIM_WORDS, MOST_WORDS, chunk_piece


def words(count, word="word"):
    return " ".join(f"{word}{n}" for n in range(count))


def test_a_passage_stays_under_its_headings():
    body = "Before any heading.\n\n# One\n\nText of one.\n\n## Inner ##\nText of inner.\n\n# Two\n\n### Deep\nDeep text."
    found = [(chunk.heading, chunk.text) for chunk in chunk_piece("Title", body)]
    assert found == [
        ("Title", "Before any heading."),
        ("Title › One", "Text of one."),
        ("Title › One › Inner", "Text of inner."),
        ("Title › Two › Deep", "Deep text."),
    ]


def test_paragraphs_are_joined_up_to_the_aim_and_never_past_the_most():
    found = chunk_piece("", "\n\n".join(words(50, f"p{n}x") for n in range(7)))
    assert [chunk.words for chunk in found] == [150, 150, 50]
    assert all(chunk.words >= AIM_WORDS for chunk in found[:-1])
    assert chunk_piece("", "\n\n".join([words(130), words(20)]))[0].words == 150  # a short tail joins what is before it


def test_a_long_paragraph_is_cut_between_sentences_and_a_long_sentence_between_words():
    sentences = " ".join(f"{words(39, f's{n}x')} end." for n in range(12))
    found = chunk_piece("", sentences)
    assert [chunk.words for chunk in found] == [200, 200, 80]
    assert all(chunk.text.endswith("end.") for chunk in found)
    endless = chunk_piece("", words(450))
    assert [chunk.words for chunk in endless] == [200, 200, 50]


def test_markup_comments_and_code_fences_are_taken_off():
    marked = "<!-- author: weak -->**Turn** _round_, see [the door](https://x.test/y) ![alt](p.png)."
    body = f"{marked}\n\n> quoted\n\n```\n# no\n```"
    (chunk,) = chunk_piece("T", body)
    assert chunk.text == "Turn round, see the door alt.\n\nquoted\n\n# no"
    assert chunk_piece("T", "<!-- all of it\n\n# is a note") == ()


def test_the_prompt_is_the_last_passage():
    found = chunk_piece("Door", "Body.", "What do you hide?")
    assert [(chunk.idx, chunk.heading, chunk.text) for chunk in found] == [
        (0, "Door", "Body."), (1, "Door › Prompt", "What do you hide?"),
    ]  # fmt: skip


def test_a_paragraph_that_moves_keeps_its_hash():
    first, second = "# A\n\n" + words(150, "a"), "# B\n\n" + words(150, "b")
    there = {chunk.sha256 for chunk in chunk_piece("T", f"{first}\n\n{second}")}
    assert {chunk.sha256 for chunk in chunk_piece("T", f"{second}\n\n{first}")} == there
    assert {chunk.sha256 for chunk in chunk_piece("Other", f"{second}\n\n{first}")}.isdisjoint(there)


@given(st.text(max_size=600), st.text(max_size=3000))
def test_any_text_gives_numbered_passages_of_bounded_size(title, body):
    found = chunk_piece(title, body)
    assert [chunk.idx for chunk in found] == list(range(len(found)))
    assert all(0 < chunk.words <= MOST_WORDS for chunk in found)
    assert found == chunk_piece(title, body)


@given(st.lists(st.lists(st.sampled_from(["alpha", "beta", "gamma."]), min_size=1, max_size=260), max_size=6))
def test_no_word_is_lost(paragraphs):
    body = "\n\n".join(" ".join(each) for each in paragraphs)
    assert " ".join(chunk.text for chunk in chunk_piece("", body)).split() == body.split()
