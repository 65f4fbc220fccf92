"""One contract for every embedder, and what the remote one does with bad answers."""

import importlib.util
import json
import logging

import numpy as np
import pytest
from pydantic import SecretStr

from ruach_studio.formation.ports import EmbedderAnswerRefused
from ruach_studio.formation.runners.embedder_endpoint import BATCH, EmbedderUnavailable, EndpointEmbedder
from ruach_studio.formation.runners.embedder_hashing import HashingEmbedder
from ruach_studio.formation.runners.embedder_wordllama import WordLlamaEmbedder
from ruach_studio.formation.runners.embedders import open_embedder
from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.errors import BadInput

HAS_WORDLLAMA = importlib.util.find_spec("wordllama") is not None
TEXTS = ["The watchman warns the city.", "Grace is a gift.", "A gift that is called grace.", "Ünïcode – пророк 🔥"]


@pytest.fixture(params=["hashing", "endpoint", pytest.param("wordllama", marks=pytest.mark.skipif(
    not HAS_WORDLLAMA, reason="the extra wordllama is not installed"))])  # fmt: skip
async def embedder(request, service):
    if request.param == "endpoint":
        async with EndpointEmbedder(service.url, "words-32") as opened:
            yield opened
    else:
        yield HashingEmbedder() if request.param == "hashing" else WordLlamaEmbedder()


async def test_one_unit_row_per_text_in_order(embedder):
    rows = await embedder.embed(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape[0] == len(TEXTS)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert (await embedder.embed([])).shape[0] == 0


async def test_a_row_does_not_depend_on_its_neighbours(embedder):
    rows = await embedder.embed(TEXTS)
    for place, text in enumerate(TEXTS):
        assert np.array_equal((await embedder.embed([text]))[0], rows[place])
    assert np.array_equal(await embedder.embed(TEXTS[::-1]), rows[::-1])


async def test_like_texts_are_nearer_than_unlike_ones(embedder):
    warning, grace, gift, _ = await embedder.embed(TEXTS)
    assert grace @ gift > grace @ warning
    assert 0 <= embedder.least_similarity < 1


async def test_it_has_a_name_and_a_fingerprint(embedder):
    assert embedder.embedder_id
    assert len(embedder.fingerprint) == 64
    assert 0 < embedder.weight <= 1


async def test_the_service_is_asked_as_its_api_says_and_in_batches(service):
    async with EndpointEmbedder(service.url + "/", "m", key=SecretStr("s3cret"), dimensions=16) as embedder:
        rows = await embedder.embed([f"text {n}" for n in range(BATCH + 1)])
    assert rows.shape == (BATCH + 1, 16)
    assert [len(each["input"]) for each in service.asked] == [BATCH, 1]
    first = service.asked[0]
    assert (first["path"], first["model"], first["encoding_format"], first["dimensions"]) == (
        "/v1/embeddings", "m", "float", 16,
    )  # fmt: skip
    assert service.headers[0]["authorization"] == "Bearer s3cret"
    assert embedder.embedder_id == "endpoint:m:16"


def answered(*vectors, status=200, **first):
    data = [{"index": place, "embedding": list(each)} for place, each in enumerate(vectors)]
    if first:
        data[0] |= first
    return lambda _: (status, json.dumps({"data": data}).encode())


@pytest.mark.parametrize(
    "answer",
    [
        answered([1, 2]), answered([1, 2], [1, 2], [1, 2]), answered([1, 2], [1, 2, 3]), answered([], []),
        answered([1, float("nan")], [1, 2]), answered([1, float("inf")], [1, 2]), answered([0, 0], [1, 2]),
        answered([1, 2], [1, 2], index=1), answered([1, 2], [1, 2], index="x"), answered([1, 2], [1, 2], embedding="1,2"),
        answered([1] * 5000, [1] * 5000), answered([1.7e308, 1.7e308], [1, 2]), answered([1, 2], [1, 2], status=401),
        answered([1, 2], [1, 2], status=301), lambda _: (200, b"<html>"), lambda _: (200, b"[]"),
        lambda _: (200, b'{"data": 3}'), lambda _: (200, b'{"data": [1, 2]}'),
    ],
)  # fmt: skip
async def test_an_answer_of_no_use_is_refused(service, answer):
    service.answer = answer
    async with EndpointEmbedder(service.url, "m", key=SecretStr("s3cret")) as embedder:
        with pytest.raises(EmbedderAnswerRefused) as refused:
            await embedder.embed(["a", "b"])
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_or_broken_service_may_be_asked_again(service, status):
    service.answer = lambda _: (status, b"{}")
    async with EndpointEmbedder(service.url, "m") as embedder:
        with pytest.raises(EmbedderUnavailable) as away:
            await embedder.embed(["a"])
    assert away.value.retryable


async def test_a_service_that_is_not_there_is_unavailable():
    async with EndpointEmbedder("http://127.0.0.1:9", "m") as embedder:
        with pytest.raises(EmbedderUnavailable):
            await embedder.embed(["a"])


async def test_a_service_whose_vectors_have_another_size_than_asked_is_refused(service):
    service.answer = answered([1, 2])
    async with EndpointEmbedder(service.url, "m", dimensions=16) as embedder:
        with pytest.raises(EmbedderAnswerRefused, match="16 were asked for"):
            await embedder.embed(["a"])


async def test_settings_choose_the_embedder(service, tmp_path):
    async with open_embedder(load_settings(data_dir=tmp_path)) as embedder:
        assert isinstance(embedder, HashingEmbedder)
    settings = load_settings(data_dir=tmp_path, embedding_url=service.url, embedding_model="m")
    async with open_embedder(settings) as embedder:
        assert embedder.embedder_id == "endpoint:m"
    with pytest.raises(BadInput, match="EMBEDDING_MODEL"):
        load_settings(data_dir=tmp_path, embedding_url=service.url)


@pytest.mark.skipif(HAS_WORDLLAMA, reason="it is installed here")
def test_a_package_that_is_not_installed_is_named():
    with pytest.raises(BadInput, match="wordllama"):
        WordLlamaEmbedder()


@pytest.mark.skipif(not HAS_WORDLLAMA, reason="the extra wordllama is not installed")
def test_loading_wordllama_leaves_logging_as_it_was():
    before = list(logging.root.handlers)
    WordLlamaEmbedder()
    assert logging.root.handlers == before
