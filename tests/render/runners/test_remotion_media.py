"""The browser on this machine may read the plan's files, in ranges, and nothing else."""

import http.client
from urllib.parse import urlsplit

import pytest

from ruach_studio.render.runners.remotion_media import MediaServer

DATA = bytes(range(256)) * 40


@pytest.fixture
def media(tmp_path):
    film = tmp_path / "a b's [1].MP4"
    film.write_bytes(DATA)
    (tmp_path / "secret.txt").write_text("not in the plan")
    with MediaServer([str(film), str(film)]) as server:
        yield server, server.url_of(str(film))


def ask(url, path=None, *, method="GET", **headers):
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    try:
        line.request(method, path or parts.path, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        line.close()


@pytest.mark.parametrize(
    ("asked", "status", "part", "said"),
    [
        ("bytes=0-9", 206, DATA[:10], "bytes 0-9/10240"),
        ("bytes=10000-", 206, DATA[10000:], "bytes 10000-10239/10240"),
        ("bytes=-5", 206, DATA[-5:], "bytes 10235-10239/10240"),
        ("bytes=100-99999", 206, DATA[100:], "bytes 100-10239/10240"),
        ("bytes=10240-", 416, b"", "bytes */10240"),
        ("bytes=0-1,5-6", 200, DATA, None),
        ("lines=1-2", 200, DATA, None),
    ],
)
def test_ranges(media, asked, status, part, said):
    found = ask(media[1], Range=asked)
    assert found[:2] == (status, part)
    assert found[2].get("content-range") == said
    assert found[2]["access-control-allow-origin"] == "*"


def test_the_whole_file_its_head_and_the_browsers_question(media):
    assert ask(media[1])[:2] == (200, DATA)
    status, body, headers = ask(media[1], method="HEAD")
    assert (status, body, headers["content-length"], headers["accept-ranges"]) == (200, b"", "10240", "bytes")
    assert ask(media[1], method="OPTIONS")[0] == 204


def test_nothing_without_the_token_and_nothing_beside_the_files(media):
    token, name = urlsplit(media[1]).path.strip("/").split("/")
    assert len(token) >= 32
    assert name == "0.mp4"
    for path in ("/", f"/{token}/", f"/{token}/1.mp4", f"/x/{name}", f"/{token}/../secret.txt", f"/{token}/secret.txt"):
        assert ask(media[1], path)[:2] == (404, b"")


def test_it_listens_on_the_loopback_address_only_and_closes(media, tmp_path):
    server, _ = media
    assert server._server.server_address[0] == "127.0.0.1"
    with MediaServer([str(tmp_path / "secret.txt")]) as other:
        url = other.url_of(str(tmp_path / "secret.txt"))
        assert ask(url)[1] == b"not in the plan"
    with pytest.raises(OSError, match="refused"):
        ask(url)
