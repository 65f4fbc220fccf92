"""Reading over a line that breaks, and the addresses that lead to an object."""

import hashlib
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from ruach_studio.infra.http import problems
from ruach_studio.infra.http.access import public
from ruach_studio.infra.storage.fetch import fetch
from ruach_studio.infra.storage.port import ChecksumMismatch, NothingStored, StoreUnavailable
from ruach_studio.infra.storage.routes import signed_router
from ruach_studio.testing.s3_server import PRIVATE_BUCKET, PUBLIC_BUCKET, SECRET_KEY

pytestmark = pytest.mark.xdist_group("s3")
CONTENT = bytes(range(256)) * 12_000  # 3 MB
KEY = "renders/talk/clip.mp4"


@pytest.fixture
async def stored(bucket, film):
    return await bucket.store().put_file(KEY, film(CONTENT), content_type="video/mp4")


@pytest.mark.parametrize("kind", ["truncated", "lost"])
async def test_a_broken_answer_is_taken_up_where_it_broke(behind, line, stored, tmp_path, kind):
    line.fault(kind, "GET", times=2)
    await fetch(behind(), KEY, tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT
    assert line.count("GET") == 3
    assert [path.name for path in tmp_path.glob(".*")] == []


async def test_a_line_that_always_breaks_is_a_passing_fault(behind, line, stored, tmp_path):
    line.fault("lost", "GET", times=99)
    with pytest.raises(StoreUnavailable):
        await fetch(behind(attempts=1), KEY, tmp_path / "clip.mp4")
    assert [path.name for path in tmp_path.glob("*clip*")] == []


async def test_other_bytes_than_noted_are_caught(bucket, stored, tmp_path):
    bucket.client.put_object(
        Bucket=PRIVATE_BUCKET, Key=bucket.prefix + KEY, Body=b"X" + CONTENT[1:], Metadata={"sha256": stored.sha256}
    )
    with pytest.raises(ChecksumMismatch):
        await fetch(bucket.store(), KEY, tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()
    again = await bucket.store().put_file(KEY, film_of(tmp_path), content_type="video/mp4")
    assert (again.sha256, bucket.objects()[KEY]) == (stored.sha256, stored.sha256)


def film_of(folder):
    path = folder / "again.mp4"
    path.write_bytes(CONTENT)
    return path


async def test_nothing_is_fetched_from_nowhere(bucket, tmp_path):
    with pytest.raises(NothingStored):
        await fetch(bucket.store(), KEY, tmp_path / "clip.mp4")


async def test_an_object_of_another_s_making_is_read_for_its_checksum(bucket):
    bucket.client.put_object(Bucket=PRIVATE_BUCKET, Key=bucket.prefix + KEY, Body=CONTENT, ContentType="video/mp4")
    found = await bucket.store().stat(KEY)
    assert (found.sha256, found.size_bytes) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


@pytest.fixture
def player(bucket):
    """A player: asks the service, is led to the bucket, and follows."""
    made = FastAPI()
    made.router.routes.extend(signed_router(bucket.store(), guard=public()).planned)
    problems.install(made)
    service = httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://studio.test")

    async def ask(method, path, **headers):
        async with service, httpx.AsyncClient() as world:
            led = await service.request(method, path)
            if led.status_code != 307:
                return led, None
            return led, await world.request(method, led.headers["location"], headers=headers)

    return ask


async def test_the_service_leads_a_player_to_a_private_object(player, stored):
    led, answer = await player("GET", urlsplit(stored.url).path, range="bytes=10-19")
    assert led.headers["cache-control"] == "no-store"
    assert (answer.status_code, answer.content) == (206, CONTENT[10:20])
    assert answer.headers["content-type"] == "video/mp4"
    assert "immutable" in answer.headers["cache-control"]
    asked = parse_qs(urlsplit(led.headers["location"]).query)
    assert asked["X-Amz-Expires"] == ["21600"]
    assert SECRET_KEY not in led.headers["location"]
    async with httpx.AsyncClient() as world:
        bare = led.headers["location"].partition("?")[0]
        assert (await world.get(bare)).status_code == 403, "without the signature nobody reads it"


async def test_head_is_signed_for_head(player, stored):
    _, answer = await player("HEAD", urlsplit(stored.url).path)
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(CONTENT)))


async def test_a_bad_key_leads_nowhere(player):
    led, _ = await player("GET", "/media/.hidden")
    assert (led.status_code, led.json()["code"]) == (404, "no_such_object")


async def test_a_public_bucket_is_read_by_everybody_at_its_own_address(bucket, film):
    root = f"{bucket.server.endpoint}/{PUBLIC_BUCKET}"
    store = bucket.store(bucket=PUBLIC_BUCKET, public_url=root)
    put = await store.put_file(KEY, film(CONTENT), content_type="video/mp4")
    assert put.url == store.reading_url(KEY) == f"{root}/{bucket.prefix}{KEY}"
    async with httpx.AsyncClient() as world:
        answer = await world.get(put.url)
    assert hashlib.sha256(answer.content).hexdigest() == put.sha256


async def test_the_users_own_aws_files_are_not_read(bucket, film, monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[default]\nregion = mars\nendpoint_url = http://127.0.0.1:9\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert (await bucket.store().put_file(KEY, film(), content_type="video/mp4")).size_bytes == 10
