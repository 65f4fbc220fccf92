"""What a player sees: whole, ranged, unchanged, beyond the end; and never a file outside the store."""

import contextlib
import hashlib
import http.client
import socket
import threading

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from ruach_studio.infra.http import problems
from ruach_studio.infra.http.access import public, routes_without_a_role
from ruach_studio.infra.storage.routes import router
from ruach_studio.kernel.errors import Forbidden

KEY = "renders/talk/clip.mp4"
CONTENT = bytes(range(256)) * 4096  # 1 MiB: several blocks
SIZE = len(CONTENT)
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture
def app(disk):
    made = FastAPI()
    made.router.routes.extend(router(disk, guard=public()).planned)
    problems.install(made)
    return made


@pytest.fixture
async def client(app, disk, film):
    await disk.put_file(KEY, film(CONTENT), content_type="video/mp4")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio.test") as opened:
        yield opened


async def test_the_whole_object(client):
    answer = await client.get(f"/media/{KEY}")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["etag"] == ETAG
    assert answer.headers["accept-ranges"] == "bytes"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_head_says_the_same_without_the_bytes(client):
    whole, head = await client.get(f"/media/{KEY}"), await client.head(f"/media/{KEY}")
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)
    part = await client.head(f"/media/{KEY}", headers={"range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")


@pytest.mark.parametrize(
    ("asked", "start", "end_exclusive"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        ("bytes=262143-262145", 262143, 262146),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
        (f"bytes=10-{SIZE * 9}", 10, SIZE),
        ("BYTES=1-2", 1, 3),
    ],
)
async def test_a_range(client, asked, start, end_exclusive):
    answer = await client.get(f"/media/{KEY}", headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end_exclusive]
    assert answer.headers["content-range"] == f"bytes {start}-{end_exclusive - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end_exclusive - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0", "bytes=9999999999999999999-"])
async def test_a_range_beyond_the_end(client, asked):
    answer = await client.get(f"/media/{KEY}", headers={"range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("asked", ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,5-6"])
async def test_a_range_that_cannot_be_honoured_is_ignored(client, asked):
    answer = await client.get(f"/media/{KEY}", headers={"range": asked})
    assert (answer.status_code, len(answer.content)) == (200, SIZE)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": ETAG}, 304),
        ({"if-none-match": f'"other", W/{ETAG}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 304),
        ({"if-modified-since": "Fri, 01 Jan 2010 00:00:00 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-none-match": '"other"', "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
    ],
)
async def test_what_the_player_already_has(client, headers, status):
    answer = await client.get(f"/media/{KEY}", headers=headers)
    assert (answer.status_code, len(answer.content)) == (status, SIZE if status == 200 else 0)
    assert answer.headers["etag"] == ETAG


async def test_if_range_gives_the_part_only_of_the_same_object(client):
    modified = (await client.head(f"/media/{KEY}")).headers["last-modified"]
    for condition, status in [(ETAG, 206), (modified, 206), ('"other"', 200), (f"W/{ETAG}", 200), ("x", 200)]:
        answer = await client.get(f"/media/{KEY}", headers={"range": "bytes=0-9", "if-range": condition})
        assert answer.status_code == status, condition


async def test_nothing_there_is_a_problem(client):
    for path in ("renders/talk/none.mp4", "renders/talk", "renders"):
        answer = await client.get(f"/media/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_object")


@pytest.fixture
def address(app):
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(proto=socket.IPPROTO_TCP))
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        listener.listen(16)
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "path",
    [
        "/media/../secret", "/media/..%2fsecret", "/media/%2e%2e/secret", "/media/%2e%2e%2fsecret", "/media/..%5csecret",
        "/media//etc/passwd", "/media/%2fetc%2fpasswd", "/media/renders/../../secret", "/media/renders/talk/clip.mp4%00.txt",
        "/media/renders/talk/..%2f..%2f..%2fmeta/renders/talk/clip.mp4~.json", "/media/.%00./secret", "/media/",
        "/media/%c0%ae%c0%ae/secret", "/media/....//secret",
    ],
)  # fmt: skip
async def test_no_path_leaves_the_store(client, address, disk, path):
    (disk.root / "secret").write_text("hunter2")
    (disk.root.parent / "secret").write_text("hunter2")
    raw = http.client.HTTPConnection(*address, timeout=5)  # sends the path as it is, unlike httpx
    try:
        raw.request("GET", path)
        answer = raw.getresponse()
        refused = 422 if "%00" in path else 404  # text that no column can hold comes no further than the route
        assert (answer.status, b"hunter2" in answer.read()) == (refused, False)
    finally:
        raw.close()


async def test_a_seeking_player_over_a_real_connection(client, address):
    async with httpx.AsyncClient(base_url=f"http://{address[0]}:{address[1]}") as real:
        for start in (0, 700_000, 10, SIZE - 3):
            answer = await real.get(f"/media/{KEY}", headers={"range": f"bytes={start}-"})
            assert (answer.status_code, answer.content) == (206, CONTENT[start:])
        assert (await real.head(f"/media/{KEY}")).headers["content-length"] == str(SIZE)
        assert (await real.get(f"/media/{KEY}", headers={"if-none-match": ETAG})).status_code == 304


async def test_the_guard_decides_who_may_read(disk, film, app):
    await disk.put_file(KEY, film(), content_type="video/mp4")

    def nobody():
        raise Forbidden("not you")

    guarded = FastAPI()
    guarded.router.routes.extend(router(disk, guard=nobody).planned)
    problems.install(guarded)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://x") as client:
        for method in ("GET", "HEAD"):
            assert (await client.request(method, f"/media/{KEY}")).status_code == 403
    assert {each for each in routes_without_a_role(app) if "media" in each} == set()
