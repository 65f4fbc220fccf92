import pytest

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.titles import KEPT, TitleIndexes, index_titles, match_titles


@pytest.fixture
def graph(make_node):
    def node(name, ordinal, title, description="", *tags):
        made = make_node(name, ordinal, tags=frozenset(tags), description=description)
        return type(made)(**{**{field: getattr(made, field) for field in made.__slots__}, "title": title})

    return Graph(
        1,
        (
            node("watch", 1, "The watchman", "A warning given in time", "warning"),
            node("pray", 2, "Praying in the dark", "", "prayer"),
            node("prompt", 3, "A question", "What did you hear in prayer?", "silence"),
            node("night", 4, "Night prayer", "", "darkness"),
        ),
    )


def test_more_words_first_then_title_before_tag_before_description(graph):
    index = index_titles(graph)
    assert match_titles(index, "prayers") == ("pray", "night", "prompt")
    assert match_titles(index, "dark prayer")[0] == "pray"  # both stems; `darkness` is another stem than `dark`
    assert match_titles(index, "warnings of the watchmen") == ("watch",)


def test_half_of_the_words_must_be_there(graph):
    index = index_titles(graph)
    assert match_titles(index, "prayer alpha") != ()
    assert match_titles(index, "prayer alpha beta") == ()
    assert match_titles(index, "the and of") == ()


def test_the_order_of_nodes_changes_nothing(graph):
    turned = Graph(1, graph.nodes[::-1])
    for query in ("prayer", "dark prayer", "a warning in the night"):
        assert match_titles(index_titles(turned), query) == match_titles(index_titles(graph), query)


def test_an_index_is_made_once_per_graph_and_few_are_kept(graph):
    indexes = TitleIndexes()
    first = indexes.of(graph)
    assert indexes.of(graph) is first
    for version in range(KEPT):
        indexes.of(Graph(version, graph.nodes))
    assert indexes.of(graph) is not first
