import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.words import stem_of, stems_of, words_of


@pytest.mark.parametrize(
    "family",
    [
        ("pray", "prays", "prayed", "praying", "prayer", "prayers"),
        ("repent", "repents", "repented", "repentance"),
        ("tempt", "tempted", "temptation", "temptations"),
        ("faith", "faithful", "faithfulness"),
        ("forgive", "forgiven", "forgiving", "forgiveness"),
        ("sin", "sins", "sinned", "sinful"),
    ],
)
def test_forms_of_one_word_meet_in_one_stem(family):
    assert len({stem_of(word) for word in family}) == 1


@pytest.mark.parametrize(("one", "other"), [("rest", "restore"), ("cross", "crowd"), ("mission", "mister"), ("god", "good")])
def test_other_words_stay_apart(one, other):
    assert stem_of(one) != stem_of(other)


def test_words_are_folded_and_stop_words_carry_nothing():
    assert words_of("God’s ﬁre—GOD'S fire_2, Ēlijah's") == ["god", "fire", "god", "fire", "2", "ēlijah"]
    assert stems_of("Where can I go from what it was, and isn't it so?") == []
    assert stems_of("") == []


@given(st.text())
def test_any_text_has_stems_and_none_is_empty(text):
    assert all(stems_of(text))
    assert all(stem_of(word) for word in words_of(text))
