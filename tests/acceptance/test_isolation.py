"""The table "Isolation Boundaries", cell by cell: the pillars run apart, and what is called down is really stopped.

Rows render, assembly and formation (Redis: test_isolation_redis.py); the tests share one studio and go in the order of
the file.
"""

import json
import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.testing.service import wait

from .studio import MEMBER, Studio, running_studio

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("isolation"), pytest.mark.timeout(600)]
DEADLINE_MS = 8000  # of next-step, before the static list: a busy machine must not look like formation down


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """All four processes up, one session published, one member on the sample path."""
    patient = {"RUACH_NEXT_STEP_DEADLINE_MS": str(DEADLINE_MS)}
    with running_studio(tmp_path_factory.mktemp("isolation"), patient) as made:
        yield made


@pytest.fixture
def render_down(studio: Studio) -> Iterator[Studio]:
    """Neither render's worker nor its API runs; a job of before waits."""
    studio.apart.worker.kill()
    job = studio.ask(studio.locked[0], "clip_1_1")
    assert studio.client("render").get(f"/render-jobs/{job}").json()["status"] == "queued"
    studio.apart.render.kill()
    yield studio
    studio.apart.render.start()
    assert studio.client("render").get(f"/render-jobs/{job}").json()["status"] == "queued", "it waited"
    studio.apart.worker.start()
    studio.finished(job)


def test_render_down(render_down: Studio) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(render_down.apart.render.address)
    render_down.check_formation()
    waiting = render_down.make_and_lock()  # assembly operates normally: the EDL is locked, and its event waits
    answer = render_down.client("assembly").post(f"/render-jobs/render-all/{waiting}")
    assert (answer.status_code, answer.json()["code"]) == (404, "pillar_not_served")


def test_what_was_locked_meanwhile_renders_afterwards(studio: Studio) -> None:
    assert len(studio.locked) == 2
    studio.finished(studio.ask(studio.locked[1], "thumbnail"))


@pytest.fixture
def assembly_down(studio: Studio) -> Iterator[Studio]:
    """Assembly is killed; its EDL was exported before, as an operator does, or written by hand."""
    exported = studio.client("assembly").get(f"/sessions/{studio.locked[1]}/edl/export/json")
    (studio.apart.folder / "manual.edl.json").write_bytes(exported.content)
    studio.apart.assembly.kill()
    yield studio
    studio.apart.assembly.start()


def test_assembly_down(assembly_down: Studio) -> None:
    studio = assembly_down
    with pytest.raises(httpx.TransportError):
        httpx.get(studio.apart.assembly.address)
    studio.finished(studio.ask(studio.locked[1], "clip_1_1"))  # render: any locked EDL
    studio.check_formation()
    folder = studio.apart.folder
    words = ("render", str(folder / "manual.edl.json"), "--format", "thumbnail", "--out", str(folder / "manual"), "--json")
    (film,) = json.loads(studio.apart.render.ruach(*words))  # assembly: the operator's own EDL, without it
    assert film["format"] == "thumbnail"


def test_what_was_published_meanwhile_is_heard_afterwards(studio: Studio) -> None:
    home = f"/sessions/{studio.locked[1]}"
    wait(lambda: studio.client("assembly").get(home).json()["state"] == "published", 60, "the event is lost")


def test_formation_down(studio: Studio) -> None:
    """First its tables are held, then its process is gone."""
    apart, member = studio.apart, studio.client("formation", MEMBER)
    database = EmbeddedPostgres(apart.folder / "data" / "postgres")
    try:
        with psycopg.connect(database.ensure()) as holder:
            holder.execute("LOCK TABLE formation.enrollment, formation.journal IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            answer = member.get("/formation-engine/next-step")  # the dashboard: the static list, said so
            assert (answer.status_code, answer.json()["source"]) == (200, "static"), answer.text
            assert answer.json()["notice"]
            assert len(answer.json()["steps"]) == 10
            assert time.monotonic() - began < DEADLINE_MS / 1000 + 20
            assert httpx.get(f"{apart.formation.address}/readyz/formation").json()["status"] == "degraded"
            holder.rollback()  # an open transaction that has written would keep the relay's cursors from moving, for all
    finally:
        database.release()
    apart.formation.kill()
    with pytest.raises(httpx.TransportError):
        httpx.get(apart.formation.address)
    third = studio.make_and_lock()  # assembly normal
    url = studio.finished(studio.ask(third))  # render normal
    assert httpx.get(url.replace(apart.formation.address, apart.assembly.address)).status_code == 200
    apart.formation.start()
    studio.check_formation()
