"""Give use cases a real database, a queue on it, and a session of three small cameras at any stage of its life."""

from dataclasses import dataclass

import pytest

from ruach_studio.assembly.usecases.add_camera import add_camera
from ruach_studio.assembly.usecases.approve_sync import approve_sync
from ruach_studio.assembly.usecases.assemble import assemble
from ruach_studio.assembly.usecases.compute_sync import compute_sync
from ruach_studio.assembly.usecases.create_session import create_session
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import Settings, load_settings
from ruach_studio.kernel.clock import Clock

ACTOR = "session:tester"


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    queue: BullmqPostgres
    clock: Clock


@pytest.fixture
def request_ids():
    with bind(correlation_id=new_id(), automation_id=new_id()) as ids:
        yield ids


@pytest.fixture
def services(database, footage, tmp_path, request_ids):
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "scratch").symlink_to(footage.folder / "scratch")  # the same three files: listened to once
    settings = load_settings(data_dir=data_dir, media_roots=[footage.folder])
    return Services(settings, database, BullmqPostgres(database), SystemClock())


@pytest.fixture
async def ingested(services, footage):
    """A session whose footage is registered; the wide camera has its role."""
    await create_session(services, actor=ACTOR, session_id="talk", title="A talk")
    for name in "ABW":
        await add_camera(services, "talk", name, [footage.path(name)], role="wide" if name == "W" else "camera", actor=ACTOR)
    return "talk"


@pytest.fixture
async def synced(services, ingested):
    row = await compute_sync(services, ingested, actor=ACTOR)
    await approve_sync(services, ingested, version=row.version, actor=ACTOR)
    return ingested


@pytest.fixture
async def drafted(services, synced):
    await assemble(services, synced, actor=ACTOR)
    return synced
