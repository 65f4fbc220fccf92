"""A search text is embedded once for all processes; without Redis, or with it away, each time, and nothing fails."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from ruach_studio.formation.runners.embedder_cached import CachedEmbedder
from ruach_studio.formation.runners.embedder_hashing import HashingEmbedder
from ruach_studio.infra.cache import RedisCache
from ruach_studio.infra.context import new_id
from ruach_studio.infra.redis_link import RedisLink
from ruach_studio.testing.redis_server import redis_server, valkey_program


class Counted(HashingEmbedder):
    """An embedder that counts its calls."""

    def __init__(self):
        super().__init__()
        self.calls = []

    async def embed(self, texts):
        self.calls.append(list(texts))
        return await super().embed(texts)


@pytest.fixture
def server():
    folder = Path(tempfile.mkdtemp(prefix="ruach-redis-"))
    with redis_server(valkey_program(), folder) as running:
        yield running
    shutil.rmtree(folder)


async def test_the_same_search_is_embedded_once_over_all_processes_and_anew_when_redis_is_gone(server):
    links = [RedisLink(server.url, prefix=new_id())]
    links.append(RedisLink(server.url, prefix=links[0].prefix))
    first, second = ((Counted(), RedisCache(link, keep_s=60)) for link in links)
    here, there = (CachedEmbedder(embedder, cache) for embedder, cache in (first, second))
    made = await here.embed(["prayer and rest"])
    again = await there.embed(["prayer and rest"])
    assert again.dtype == np.float32
    assert np.array_equal(made, again)
    assert (len(first[0].calls), len(second[0].calls)) == (1, 0)
    await there.embed(["prayer, and rest"])
    assert len(second[0].calls) == 1, "another text is another key"
    await there.embed(["one", "two"])
    assert second[0].calls[-1] == ["one", "two"], "passages pass by"
    (key, *_) = await links[0].client.keys(f"{links[0].prefix}-cache:*")
    assert 0 < await links[0].client.ttl(key) <= 60
    assert "prayer" not in key
    server.kill()
    assert np.array_equal(await here.embed(["prayer and rest"]), made)
    assert len(first[0].calls) == 2
    for link in links:
        await link.close()
