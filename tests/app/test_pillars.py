"""A process runs the pillars it is told to, and nothing else of the product; one that breaks leaves the others alone."""

import subprocess
import sys

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from ruach_studio.app.api import create_api
from ruach_studio.app.ops import commanding
from ruach_studio.app.parts import PARTS, AllBroken, refuse_if_all_broken
from ruach_studio.app.parts.elsewhere import pillar_of
from ruach_studio.app.pillars import consumers, handlers, hooks
from ruach_studio.app.wiring import Services
from ruach_studio.events.render import RenderCompleted
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.outbox import Relay, publish
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.settings_pillars import PILLARS
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.kernel.errors import BadInput

LOADED = """
import sys
import ruach_studio.app.cli.serve, ruach_studio.app.cli.worker, ruach_studio.app.background
from ruach_studio.app.api import create_api
from ruach_studio.app.ops import commanding
from ruach_studio.app.pillars import consumers, handlers, hooks
from ruach_studio.app.wiring import Services, open_store
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import load_settings
settings = load_settings(pillars=sys.argv[1])
database = Database("postgresql://nobody@127.0.0.1:9/none")
services = Services(settings, database, BullmqPostgres(database), open_store(settings), SystemClock())
create_api(services), commanding(services), handlers(services), hooks(services), consumers(services)
assert not services.broken, services.broken
pillars = ("assembly", "render", "formation", "membership")
print(*[each for each in pillars if any(name.startswith(f"ruach_studio.{each}.") for name in sys.modules)])
"""


def served(services, *pillars):
    """Return the services of a process that serves only these."""
    settings = load_settings(data_dir=services.settings.data_dir, public_url=services.settings.public_url, pillars=pillars)
    store = LocalDiskStore(settings.store_dir, settings.public_url)
    return Services(settings, services.database, BullmqPostgres(services.database), store, SystemClock())


def client(services):
    transport = httpx.ASGITransport(create_api(services, at_once=False), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://studio.test")


@pytest.fixture
def broken_render(monkeypatch):
    """A product whose render pillar cannot be imported."""
    from ruach_studio.render import entrypoints

    for name in ("http", "jobs", "events", "commands"):
        monkeypatch.delattr(entrypoints, name, raising=False)
        monkeypatch.setitem(sys.modules, f"ruach_studio.render.entrypoints.{name}", None)


@pytest.mark.parametrize(
    ("asked", "loaded"),
    [
        ("render", "render"),
        pytest.param("assembly", "assembly", marks=pytest.mark.slow),
        pytest.param("formation", "formation membership", marks=pytest.mark.slow),
    ],
)
def test_a_pillar_that_was_not_asked_for_is_not_imported(asked, loaded, tmp_path):
    told = subprocess.run([sys.executable, "-c", LOADED, asked], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert told.stdout.strip() == loaded


def test_pillars_are_named_with_commas_and_formation_brings_membership():
    assert load_settings().pillars == load_settings(pillars="").pillars == PILLARS
    assert load_settings(pillars="render, assembly").pillars == ("assembly", "render")
    assert load_settings(pillars="formation").pillars == ("formation", "membership")
    assert load_settings(pillars=["membership"]).pillars == ("membership",)
    with pytest.raises(BadInput, match="there is no pillar rendering"):
        load_settings(pillars="rendering,assembly")


def test_every_route_of_a_pillar_lies_below_its_own_paths(api):
    """Else a process without the pillar would call the path unknown."""
    counted = dict.fromkeys(PARTS, 0)
    for route in iter_route_contexts(api.routes):
        module = getattr(route.endpoint, "__module__", "")
        owner = next((name for name in PARTS if module.startswith(f"ruach_studio.{name}.")), None)
        assert pillar_of(route.path) == owner, f"{route.path} of {module}"
        if owner:
            counted[owner] += 1
    assert min(counted.values()) >= 3, counted


def test_no_queue_is_worked_by_two_pillars(services):
    """Else a process that runs one of them would take jobs that it has no handler for."""
    of = {name: {queue for queue, _ in part.handlers(services)} for name, part in PARTS.items()}
    assert of == {
        "assembly": {"assembly-jobs"},
        "render": {"render-jobs", "media-transcoding"},
        "formation": {"formation-state"},
        "membership": set(),
    }


async def test_a_process_serves_only_its_pillars(services):
    alone = served(services, "render")
    assert (
        {queue for queue, _ in handlers(alone)}
        == {"render-jobs", "media-transcoding"}
        == {queue for queue, _ in hooks(alone)}
    )
    assert [each.name for each in consumers(alone)] == ["render.keep-locked-edl", "render.derivatives"]
    kinds = {each.name.partition(".")[0] for each in commanding(alone).registry.every()}
    assert kinds - {"deadLetter", "event", "queue"} == {"render"}  # these three are the platform's own
    async with client(alone) as stranger:
        assert (await stranger.get("/render-jobs/5")).status_code == 401
        assert {pillar_of(path) for path in (await stranger.get("/openapi.json")).json()["paths"]} == {None, "render"}
        for path, pillar in (("/sessions/x", "assembly"), ("/formation-engine/next-step", "formation")):
            answer = await stranger.post(path, json={})
            assert (answer.status_code, answer.json()["code"]) == (404, "pillar_not_served"), path
            assert answer.json()["detail"] == (
                f"{path}: this process serves render, not {pillar}."
                f" Ask the process that was started with --pillars {pillar}."
            )
        assert (await stranger.get("/nothing")).json()["code"] == "not_found"
        page = await stranger.get("/studio/ops")  # built or not, every process answers
        assert page.status_code == 200 or page.json()["code"] == "pages_not_built", page.text
        ready = (await stranger.get("/readyz")).json()
        assert (ready["status"], set(ready["checks"])) == ("ok", {"database", "renderRunner"})
        assert ready["pillars"] == {"render": {"status": "ok", "detail": ""}}
        assert (await stranger.get("/readyz/render")).status_code == 200
        elsewhere = await stranger.get("/readyz/assembly")
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "pillar_not_served")


async def test_a_pillar_that_cannot_be_imported_leaves_the_others_alone(services, broken_render):
    assert {name for name, _ in handlers(services)} == {"assembly-jobs", "formation-state"}
    assert "render.keep-locked-edl" not in {each.name for each in consumers(services)}
    async with client(services) as stranger:
        assert (await stranger.get("/sessions")).status_code == 401
        assert (await stranger.get("/formation-engine/path")).status_code == 401
        answer = await stranger.get("/render-jobs/session/x")
        assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (503, "pillar_broken", True)
        ready = await stranger.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded"), "the others would go out of rotation too"
        found = ready.json()["pillars"]
        assert found.pop("render") == {"status": "down", "detail": "it could not be started (ModuleNotFoundError)"}
        assert {each["status"] for each in found.values()} == {"ok"}
        assert (await stranger.get("/readyz/render")).status_code == 503
        assert (await stranger.get("/readyz/assembly")).status_code == 200


async def test_a_process_whose_only_pillar_is_broken_does_not_start(services, broken_render):
    alone = served(services, "render")
    assert handlers(alone) == {}
    with pytest.raises(AllBroken, match="render: ModuleNotFoundError"):
        refuse_if_all_broken(alone)
    async with client(alone) as stranger:
        assert (await stranger.get("/readyz")).status_code == 503


async def test_locked_tables_of_assembly_are_assemblys_own_trouble(services, database):
    async with database.transaction() as tx, client(services) as stranger:
        await tx.exec_driver_sql("LOCK TABLE assembly.session IN ACCESS EXCLUSIVE MODE")
        ready = await stranger.get("/readyz")
        found = {name: each["status"] for name, each in ready.json()["pillars"].items()}
        assert found == {"assembly": "down", "render": "ok", "formation": "ok", "membership": "ok"}
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")


async def test_an_event_waits_for_the_process_that_listens_to_it(services, database):
    published = RenderCompleted(
        session_id="talk-1", format="full_16_9", edl_version=1, render_job_id=new_id(), url="http://studio.test/media/a.mp4",
        content_type="video/mp4", sha256="0" * 64, size_bytes=1,
    )  # fmt: skip
    with bind(correlation_id=new_id(), automation_id=new_id()):
        async with database.transaction() as tx:
            await publish(tx, published)
    assert await Relay(database, consumers(served(services, "render"))).drain() == 0
    later = Relay(database, consumers(served(services, "formation")))
    assert (await later.drain(), await later.drain()) == (1, 0)
