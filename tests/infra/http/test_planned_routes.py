"""Routes are built once, and not before they are asked for."""

import httpx
import pytest
from fastapi import APIRouter, Depends, HTTPException
from fastapi.exceptions import FastAPIError

from ruach_studio.infra.routes import Routes


@pytest.fixture
def built(monkeypatch):
    """The paths of the routes that FastAPI built, in order."""
    paths, build = [], APIRouter.add_api_route

    def noted(self, path, *args, **options):
        paths.append(f"{self.prefix}{path}")
        return build(self, path, *args, **options)

    monkeypatch.setattr(APIRouter, "add_api_route", noted)
    return paths


@pytest.fixture
def declared():
    routes = Routes(prefix="/things", tags=["things"])

    @routes.get("")
    async def things() -> list[str]:
        return ["one"]

    @routes.get("/{name}")
    async def thing(name: str) -> str:
        return name

    @routes.delete("/{name}", status_code=204)
    async def remove(name: str) -> None:
        del name

    return routes


@pytest.fixture
async def client(make_api, declared):
    api = make_api()
    api.add_routes(declared)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://studio.test") as opened:
        opened.api = api
        yield opened


async def test_a_request_builds_the_routes_of_its_path_once(client, built):
    assert built == []
    for _ in range(2):
        assert (await client.get("/things")).json() == ["one"]
    assert built == ["/things"]
    assert (await client.delete("/things/a")).status_code == 204
    assert built == ["/things", "/things/{name}", "/things/{name}"]  # GET and DELETE share the path
    assert (await client.get("/elsewhere")).status_code == 404
    wrong = await client.put("/things")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "GET")
    assert (await client.get("/things/")).headers["location"] == "http://studio.test/things"
    assert len(built) == 3


async def test_the_document_and_the_list_of_routes_have_all(client, built):
    document = (await client.get("/openapi.json")).json()
    assert {path: [*methods] for path, methods in document["paths"].items()} == {
        "/things": ["get"], "/things/{name}": ["get", "delete"],
    }  # fmt: skip
    assert document["paths"]["/things"]["get"]["tags"] == ["things"]
    assert [each.path for each in client.api.routes][1:] == built == ["/things", "/things/{name}", "/things/{name}"]


def test_all_at_once(declared, built):
    declared.build()
    declared.build()
    assert built == ["/things", "/things/{name}", "/things/{name}"]


async def test_guards_of_a_module_stand_before_its_own_routes_only(client, declared):
    def closed():
        raise HTTPException(403)

    guarded = Routes(prefix="/guarded", dependencies=[Depends(closed)])
    guarded.add_api_route("/one", lambda: "never", methods=["GET", "HEAD"])
    declared.include(guarded)
    client.api.add_routes(guarded)
    assert [(await client.request(how, "/guarded/one")).status_code for how in ("GET", "HEAD")] == [403, 403]
    assert (await client.get("/things/one")).json() == "one"
    assert (await client.get("/things/on%00e")).status_code == 422  # text that no column can hold


def test_a_route_that_cannot_be_built_says_so_when_built(declared):
    @declared.get("/odd")
    async def odd(value: httpx.AsyncClient) -> None:
        del value

    with pytest.raises(FastAPIError, match="AsyncClient"):
        declared.build()
