"""The rubric pays for reflection in one's own words, and for no known way around that."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.rubric import STUFFED_CAP, assess
from ruach_studio.formation.rubric_words import POINTS, kinds_of, sentences_of, words_of

PROMPT = "Where did this section unsettle you, and what will you do about it?"
HONEST = """Last week I lost my temper with my brother when he asked for money again. I felt ashamed as
soon as the door closed behind him. For a long time I told myself that I was only being careful, but I
struggle to trust anyone with what is mine. Perhaps he must have seen that in my face before I opened my
mouth. I realized while reading that I had called it wisdom because fear sounds worse. I used to think
repentance was about tears. Looking back, the root was there years ago, when our father went away and I
decided never to need help. It is hard for me to write that down, and I am not sure that I am done with
it. I notice how quiet the house became once I stopped defending myself. From now on I want to listen to
the end before I answer. I will call him on Saturday and ask how he is, without a word about the money."""
SOURCE = """Repentance begins where excuses end. I have seen many who felt sorrow for a day and learned
nothing from it, because they loved the comfort of the old life more than the truth that had found them.
When I was young I believed that tears were enough; later I understood that a turned life is the only
proof of a turned heart. I will not flatter you."""
STUFFED = "I felt afraid because I learned that I struggle and I will believe his side from now on."
TEMPLATES = " ".join((
    "Yesterday I felt afraid because I struggled to believe him, and I realized that I will change.",
    "Last week I was ashamed, perhaps since I doubted, but I learned to trust and I want to see her side.",
    "I had joy and pain, for it was difficult, yet I discovered why I failed, and next time I plan better.",
    "This morning I met fear, I wondered about the reason, I understood my mistake and I must act.",
    "At work I was angry and confused, I think they felt it too, and I noticed that I need to forgive.",
    "I prayed, I was anxious and stuck, maybe for good reason, but insight came to me and I decided to go on.",
))  # fmt: skip
PSALM = """I will lift up mine eyes unto the hills, from whence cometh my help. My help cometh from the
LORD, which made heaven and earth. He will not suffer thy foot to be moved: he that keepeth thee will not
slumber. Behold, he that keepeth Israel shall neither slumber nor sleep. The LORD is thy keeper: the LORD
is thy shade upon thy right hand."""
RECIPE = """Take two cups of flour and a spoon of salt. Mix them with warm water in a large bowl until
smooth. Knead the dough for ten minutes on a clean table. Cover it with a cloth and leave it for an hour.
Heat the oven to two hundred degrees. Bake the loaf for thirty minutes and let it cool before cutting."""
GIBBERISH = "asdf qwer zxcv hjkl uiop bnm fghj tyui wert sdfg xcvb dfgh erty cvbn rtyu vbnm ghjk yuio jklm plok. " * 3
WORD_LIST = "faith fear joy learned realized struggle because hope shame trust doubt insight perhaps tomorrow grace " * 4


def marks(text, *, sources=(SOURCE,), own=()):
    return assess(text, prompt=PROMPT, source_texts=sources, own_earlier=own)


def test_an_honest_reflection_reaches_the_upper_half():
    found = marks(HONEST)
    assert found.quality == 885
    assert found.verdict.decision == "deep"
    assert found.shows_wrestling
    assert not found.is_regurgitation
    assert found.quality == sum(found.sub_scores.values())  # nothing taken off
    assert "feeling 110 of 110 (2 of 2 sentences)" in found.verdict.reasons


@pytest.mark.parametrize(("text", "low", "high"), [
    (WORD_LIST, 0, 0), ((STUFFED + " ") * 12, 0, 0), (GIBBERISH, 0, 20), (RECIPE, 0, 20), (PSALM, 0, 100),
    (f"I read this with care today. {SOURCE} I will keep it in my heart.", 0, 0), (SOURCE, 0, 0), (PROMPT * 3, 0, 0),
    (TEMPLATES, 1, STUFFED_CAP), ("", 0, 0), ("I felt.", 0, 0), ("\u0000 12 !!! \U0001f600", 0, 0),
])  # fmt: skip
def test_ways_around_it_pay_little(text, low, high):
    assert low <= marks(text).quality <= high


def test_six_varied_templates_meet_the_cap_itself():
    found = marks(f"{TEMPLATES} I saw that my heart is slow. I went home and felt glad about it all.")
    assert sum(found.sub_scores.values()) > STUFFED_CAP
    assert found.quality == STUFFED_CAP
    assert any(line.startswith("at most 600") for line in found.verdict.reasons)


def test_a_text_handed_in_again_is_worth_nothing_and_says_why():
    found = marks(HONEST, own=(HONEST,))
    assert (found.quality, found.verdict.decision, found.is_regurgitation) == (0, "none", True)
    assert (
        "times 0.000: 100 % is copied from source, prompt or own other reflections, free up to 15 %" in found.verdict.reasons
    )


def test_copied_scripture_counts_as_copied_and_a_short_quotation_is_free():
    assert marks(PSALM, sources=(PSALM,)).quality == 0
    quoted = f"{HONEST} My help cometh from the LORD, which made heaven and earth."
    assert marks(quoted, sources=(PSALM,)).quality == marks(HONEST).quality


def test_half_copied_falls_in_a_straight_line():
    words = HONEST.split()
    shares = [marks(HONEST, own=(" ".join(words[: len(words) * part // 100]),)).multipliers["originality"]
              for part in (0, 15, 25, 40, 55)]  # fmt: skip
    assert shares[0] == 1000
    assert shares[-1] == 0
    assert shares == sorted(shares, reverse=True)
    assert shares[2] == pytest.approx((500 - 250) * 1000 / 350, abs=15)


def test_the_points_are_a_thousand_and_every_kind_has_cues():
    assert sum(POINTS.values()) + 60 == 1000
    assert set().union(*(kinds_of(each) for each in sentences_of(HONEST))) == set(POINTS)
    assert kinds_of(words_of("I am hopelessly fearful")) == ("feeling",)
    assert kinds_of(words_of("The harbour lies hardly a mile away")) == ()  # whole words, not beginnings


def test_a_curly_apostrophe_is_an_apostrophe():
    assert words_of("I\u2019ll DON\u2019T") == ("i'll", "don't")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*HONEST.split(". "), *TEMPLATES.split(". "), RECIPE, WORD_LIST, "?", "\n"]), max_size=20))
def test_any_text_gets_the_same_answer_twice_within_the_scale(parts):
    text = ". ".join(parts)
    found = marks(text)
    assert found == marks(text)
    assert 0 <= found.quality <= 1000
    assert found.quality <= sum(found.sub_scores.values())


def test_a_sentence_counts_once_and_feeds_two_kinds():
    once = marks("I felt ashamed because I lied to my brother about it.")
    twice = marks(
        "I felt ashamed because I lied to my brother about it. I felt ashamed because I lied to my brother about it."
    )
    assert {kind: points for kind, points in once.sub_scores.items() if points} == {"reflection": 70, "feeling": 55}
    assert twice.sub_scores == once.sub_scores
