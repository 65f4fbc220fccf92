"""Names are found by their words as a dict finds them, whatever their letters, their length and their place in the text."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation import graph_names
from ruach_studio.formation.graph import PHASES, Node
from ruach_studio.formation.graph_check import check_graph
from ruach_studio.formation.graph_columns import columns_of
from ruach_studio.formation.graph_names import pack, packed, table_of

# few letters, so that names are often the same or start the same; bytes of 1 to 4 each, a lone surrogate, a zero byte
NAMES = st.text(st.sampled_from("ab\xe9\u20ac\U0001f33f\ud800\0"), max_size=20)


def packing(names):
    return packed([pack(names[:3]), pack(names[3:])], len(names))


@settings(max_examples=50)
@given(st.lists(NAMES, max_size=12), st.lists(NAMES, max_size=12), st.sampled_from([1, 2, 16384]))
def test_names_are_found_as_in_a_dict_or_refused(ids, others, run):
    named = [*others, *ids[::-1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph_names, "_RUN", run)
        mine, theirs = packing(ids), packing(named)
        assert (mine is None) == any("\0" in name for name in ids)
        assert (theirs is None) == any("\0" in name for name in named)
        if mine is None or theirs is None:
            return
        table = table_of(mine)
        too_long = any(len(name.encode("utf-8", "surrogatepass")) > 64 for name in ids)
        assert (table is None) == (too_long or len(set(ids)) < len(ids))
        if table:
            index = dict(zip(ids, range(len(ids)), strict=True))
            assert table.places(theirs).tolist() == [index.get(name, -1) for name in named]


def test_ids_that_fall_together_go_to_the_next_table_and_in_the_end_are_refused(monkeypatch):
    ids = [f"n{number}" for number in range(300)]
    names = packing([*ids[::-1], "n300", "nothing", "n1" * 40])
    assert 2 < len(table_of(packing(ids)).tables) < graph_names.LEVELS
    assert table_of(packing(ids)).places(names).tolist() == [*range(299, -1, -1), -1, -1, -1]
    monkeypatch.setattr(graph_names, "_mix", lambda words: np.zeros(words.shape[1], np.uint64))
    assert table_of(packing(ids[:9])).places(names).tolist() == [*[-1] * 291, *range(8, -1, -1), -1, -1, -1]
    assert table_of(packing(ids)) is None


def test_a_name_that_only_starts_like_an_id_of_whole_words_is_not_found():
    table = table_of(packing(["12345678", "1234567"]))
    assert table.places(packing(["123456789", "12345678", "1234567", "123456"])).tolist() == [-1, 0, 1, -1]


@pytest.mark.parametrize("seed", range(12))
def test_a_check_by_words_names_the_same_faults_as_one_by_dict(seed, monkeypatch):
    dice = Random(seed)
    ids = [dice.choice(["n{}", "section/of-the-path/{}", "\xe9t\xe9-{}"]).format(n) for n in range(60)]
    nodes = [
        Node(name, dice.choice([n, n, n, 7]), PHASES[n // 12], "section", "", "",
             prerequisites=tuple(dice.choices([*ids[:n], *ids[:1], *ids[n + 3 : n + 4] * (seed % 3 == 0), "gone"], k=2)))
        for n, name in enumerate(ids)
    ]  # fmt: skip
    nodes += [Node(ids[3], 90, PHASES[4], "section", "", "")] * (seed % 4 == 1)
    by_words = check_graph(nodes, previous=None)
    assert (columns_of(nodes).table is None) == (seed % 4 == 1)
    monkeypatch.setattr("ruach_studio.formation.graph_columns.table_of", lambda ids: None)
    assert check_graph(nodes, previous=None) == by_words
    assert Counter(fault.code for fault in by_words.errors)["missing-prerequisite"]
