"""The same command given twice at the same time makes one session, not two halves of one."""

import asyncio

import pytest

from ruach_studio.assembly.edl import edl_bytes
from ruach_studio.assembly.usecases.decide import DraftOptions
from ruach_studio.assembly.usecases.footage import CameraFiles
from ruach_studio.assembly.usecases.get_transcript import get_transcript
from ruach_studio.assembly.usecases.import_transcript import TranscriptFile
from ruach_studio.assembly.usecases.run_to_lock import AnotherSession, run_to_lock


async def test_twins_end_with_the_same_locked_edl(services, footage):
    cameras = [CameraFiles(name, (footage.folder / f"{name}.mp4",), "wide" if name == "W" else "camera") for name in "ABW"]

    said = TranscriptFile(b"1\n00:00:02,000 --> 00:00:04,000\nPeace be with you.\n", "b.srt", of=("B", 0))

    async def one():
        return await run_to_lock(
            services, "talk", cameras, DraftOptions(), actor="session:a", transcript=said, tell=lambda *_: None
        )

    first, second = await asyncio.gather(one(), one())
    assert first.status == "locked"
    assert edl_bytes(first) == edl_bytes(second)
    assert first.transcript is not None
    assert (await get_transcript(services, "talk")).row.version == 1
    said = TranscriptFile(said.data.replace(b"Peace", b"Grace"), "b.srt", of=("B", 0))
    with pytest.raises(AnotherSession, match="locked with another transcript"):
        await one()
