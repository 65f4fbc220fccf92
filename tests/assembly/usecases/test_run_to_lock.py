"""The same command given twice at the same time makes one session, not two halves of one."""

import asyncio

from ruach_studio.assembly.edl import edl_bytes
from ruach_studio.assembly.usecases.decide import DraftOptions
from ruach_studio.assembly.usecases.footage import CameraFiles
from ruach_studio.assembly.usecases.run_to_lock import run_to_lock


async def test_twins_end_with_the_same_locked_edl(services, footage):
    cameras = [CameraFiles(name, (footage.folder / f"{name}.mp4",), "wide" if name == "W" else "camera") for name in "ABW"]

    async def one():
        return await run_to_lock(services, "talk", cameras, DraftOptions(), actor="session:a", tell=lambda *_: None)

    first, second = await asyncio.gather(one(), one())
    assert first.status == "locked"
    assert edl_bytes(first) == edl_bytes(second)
