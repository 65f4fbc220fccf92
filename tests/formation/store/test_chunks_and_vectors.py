"""Full text and vectors on a real PostgreSQL: bounded to the named pieces, ordered the same way always, never an error."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ruach_studio.formation.chunking import Chunk
from ruach_studio.formation.retrieval import checked_query
from ruach_studio.formation.store import chunks, pieces, vectors
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.kernel.errors import BadInput

TEXTS = {
    "a": "Grace is a gift to people with empty hands.",
    "b": "The gift of grace, grace upon grace.",
    "c": "The watchman warns while there is still time.",
    "d": "A gift is given.",
}


@pytest.fixture
async def filled(services, clock):
    """Four pieces of one passage each."""
    async with services.database.transaction() as tx:
        for ref, text in TEXTS.items():
            await pieces.put(tx, Piece(ref, ref), actor="test", at=clock.now())
            await chunks.replace(tx, ref, [Chunk(0, "", text)])
    return services


@pytest.fixture
def find(filled):
    """Return a coroutine that searches by words and returns content references."""

    async def do(query, refs=None, limit=10):
        async with filled.database.connection() as conn:
            return [ref for ref, _ in await chunks.search(conn, query, refs, limit=limit)]

    return do


async def test_all_words_come_before_some_words(find):
    assert await find("grace gift") == ["b", "a", "d"]
    assert await find("grace gift", limit=1) == ["b"]
    assert await find("the gifts of graces") == ["b", "a", "d"]  # stems, stop words


async def test_quotes_or_and_minus_mean_what_they_say(find):
    assert await find('"gift of grace"') == ["b"]
    assert await find("watchman or empty") == ["a", "c"]
    assert await find("gift -grace") == ["d"]


async def test_only_the_named_pieces_are_looked_into(find):
    assert await find("grace", ["a", "d"]) == ["a"]
    assert await find("grace", []) == []


async def test_a_query_without_meaning_finds_nothing(find):
    assert await find("the of and") == []
    assert await find("!!! & | <-> :* '") == []


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet=st.one_of(st.sampled_from("\"'!&|<>()*:-\\ aorg\0%;"), st.characters()), max_size=60))
async def test_no_query_is_an_error_of_the_database(filled, query):
    try:
        words = checked_query(query)
    except BadInput:
        return
    async with filled.database.connection() as conn:
        found = await chunks.search(conn, words, None, limit=10)
        shown = await chunks.show(conn, words, found)
    assert set(shown) == set(found)


async def test_a_snippet_marks_what_was_found(filled):
    async with filled.database.connection() as conn:
        shown = await chunks.show(conn, "gifts", [("a", 0), ("gone", 3)])
    assert list(shown) == [("a", 0)]
    assert shown["a", 0].snippet == f"Grace is a {chunks.MARK_START}gift{chunks.MARK_STOP} to people with empty hands"


@pytest.fixture
async def embedded(filled):
    """Vectors of two numbers on the unit circle: a at 0 degrees, b at 10, c at 90; d says nothing."""
    places = {"a": 0, "b": 10, "c": 90}
    async with filled.database.transaction() as tx:
        await vectors.put(tx, "two", [
            (Chunk(0, "", TEXTS[ref]).sha256, np.array([np.cos(np.radians(at)), np.sin(np.radians(at))], np.float32))
            for ref, at in places.items()
        ] + [(Chunk(0, "", TEXTS["d"]).sha256, np.zeros(2, np.float32))])  # fmt: skip
    return filled


async def nearest(services, vector, refs=None, least=0.1, embedder="two"):
    async with services.database.connection() as conn:
        found = await vectors.nearest(conn, embedder, np.array(vector, np.float32), refs, least=least, limit=10)
    return [ref for ref, _ in found]


async def test_the_nearest_come_first_and_the_far_not_at_all(embedded):
    assert await nearest(embedded, [1, 0]) == ["a", "b"]
    assert await nearest(embedded, [0.6, 0.8]) == ["c", "b", "a"]
    assert await nearest(embedded, [1, 0], least=0.99) == ["a"]
    assert await nearest(embedded, [1, 0], refs=["b", "c"]) == ["b"]
    assert await nearest(embedded, [1, 0], refs=[]) == []


async def test_vectors_of_another_embedder_or_size_and_zero_queries_are_left_out(embedded):
    assert await nearest(embedded, [1, 0], embedder="other") == []
    assert await nearest(embedded, [1, 0, 0]) == []
    assert await nearest(embedded, [0, 0]) == []
    async with embedded.database.transaction() as tx:
        await vectors.put(tx, "two", [("f" * 64, np.ones(3, np.float32))])  # a service that changed its size unasked
    assert await nearest(embedded, [1, 0]) == ["a", "b"]


async def test_equal_distances_fall_by_the_passages_id(embedded):
    async with embedded.database.transaction() as tx:
        for ref in ("z", "aa"):  # the same words as `a`, so the same vector, without being embedded again
            await pieces.put(tx, Piece(ref, ref), actor="test", at=(await tx.scalar(_now())))
            await chunks.replace(tx, ref, [Chunk(0, "", TEXTS["a"])])
    assert await nearest(embedded, [1, 0]) == ["a", "aa", "z", "b"]


def _now():
    import sqlalchemy as sa

    return sa.text("SELECT now()")


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=4))
def test_a_vector_is_written_so_that_it_comes_back_exactly(numbers):
    vector = np.array(numbers, np.float32)
    read = np.array([float(each) for each in vectors.literal(vector)[1:-1].split(",")], np.float32)
    assert np.array_equal(read, vector)
