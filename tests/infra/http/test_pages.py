"""The built pages below /studio: what is kept, what is asked anew, what is never handed out, and what no build says."""

import gzip

import httpx
import pytest

from ruach_studio.infra.http.pages import file_of, router

HTML = "<!doctype html><title>Ruach</title>"


@pytest.fixture
def dist(tmp_path):
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(HTML)
    (folder / "assets" / "app-1a2b.js").write_text("1;")
    (folder / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"1;"))
    (tmp_path / "secret.txt").write_text("not for you")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
async def browser(make_api, dist):
    api = make_api()
    api.add_routes(router(dist))
    transport = httpx.ASGITransport(app=api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://studio.test") as client:
        yield client


@pytest.mark.parametrize("path", ["/studio/", "/studio/ops", "/studio/ops/story/5f0c", "/studio/ops/commands/render.retry"])
async def test_every_address_below_studio_is_the_page_asked_for_anew(browser, path):
    answer = await browser.get(path)
    assert (answer.status_code, answer.text) == (200, HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_file_named_by_its_content_is_kept_for_a_year_and_sent_packed_to_whoever_takes_it(browser):
    plain = await browser.get("/studio/assets/app-1a2b.js", headers={"accept-encoding": "identity"})
    packed = await browser.get("/studio/assets/app-1a2b.js", headers={"accept-encoding": "gzip"})
    assert (plain.text, packed.text) == ("1;", "1;")
    assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
    for each in (plain, packed):
        assert each.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert each.headers["content-type"] == "text/javascript; charset=utf-8"
        assert each.headers["vary"] == "accept-encoding"


async def test_a_file_of_an_older_build_is_missing_and_not_the_page(browser):
    answer = await browser.get("/studio/assets/app-0000.js")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_file")


@pytest.mark.parametrize("path", ["../secret.txt", "assets/../../secret.txt", "/etc/passwd", "out.txt", "a\x00b"])
def test_nothing_outside_is_handed_out(dist, path):
    assert file_of(dist, path) == dist / "index.html"


async def test_the_bare_word_leads_to_the_page_and_only_reading_is_known(browser):
    answer = await browser.get("/studio")
    assert (answer.status_code, answer.headers["location"]) == (307, "/studio/")
    assert (await browser.head("/studio/ops")).status_code == 200
    assert (await browser.post("/studio/ops", json={})).status_code == 405


async def test_without_a_build_the_answer_says_how_to_make_one_and_the_next_build_is_found(browser, dist):
    (dist / "index.html").rename(dist / "away")
    answer = await browser.get("/studio/ops")
    assert (answer.status_code, answer.json()["code"]) == (503, "pages_not_built")
    assert "make web" in answer.json()["remedy"]
    (dist / "away").rename(dist / "index.html")
    assert (await browser.get("/studio/ops")).status_code == 200
