import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ruach_studio.render.presets import FORMATS, BadPreset, UnknownFormat, preset_sha256
from ruach_studio.render.store import jobs
from ruach_studio.render.usecases.cancel_job import cancel_job
from ruach_studio.render.usecases.read_presets import list_presets, list_versions, of_job
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.retry_job import retry_job
from ruach_studio.render.usecases.save_preset import PresetMoved, StandardPreset, save_preset

STORY = {"name": "story", "width": 180, "height": 320, "fit": "crop", "maxLengthS": 45}


async def test_versions_follow_one_another_and_the_same_again_is_no_version(services):
    first = await save_preset(services, STORY, actor="a")
    again = await save_preset(services, {**STORY, "audio": {}}, actor="b", base_version=1)
    second = await save_preset(services, {**STORY, "maxLengthS": 30}, actor="b", base_version=1)
    assert (first.version, again.version, second.version) == (1, 1, 2)
    assert [(each.saved.version, each.saved.saved_by) for each in await list_versions(services, "story")] == [
        (2, "b"),
        (1, "a"),
    ]
    assert [each.preset.name for each in await list_presets(services)] == [*FORMATS, "story"]
    with pytest.raises(PresetMoved, match="newest version is 2"):
        await save_preset(services, STORY, actor="a", base_version=1)


async def test_two_at_once_make_two_versions_and_rows_never_change(services):
    saves = [save_preset(services, {**STORY, "maxLengthS": 30 + i}, actor="a") for i in range(4)]
    assert sorted(row.version for row in await asyncio.gather(*saves)) == [1, 2, 3, 4]
    for statement in ("delete from render.preset_version", "update render.preset_content set content = '{}'"):
        with pytest.raises(DBAPIError, match="facts and never change"):
            async with services.database.transaction() as tx:
                await tx.execute(text(statement))


async def test_a_standard_format_and_a_bad_one_are_refused(services):
    with pytest.raises(StandardPreset):
        await save_preset(services, {**STORY, "name": "clip_1_1"}, actor="a")
    with pytest.raises(BadPreset):
        await save_preset(services, {**STORY, "width": 5}, actor="a")
    assert len(await list_presets(services)) == 4


async def test_an_unknown_format_lists_the_added_ones_too(services, lock, wire):
    await lock(wire)
    await save_preset(services, STORY, actor="a")
    with pytest.raises(UnknownFormat, match="thumbnail, story"):
        await request_renders(services, "talk-1", ["tiktok"], actor="a")
    with pytest.raises(UnknownFormat):
        await list_versions(services, "tiktok")


async def test_a_job_keeps_the_format_it_was_asked_with_and_is_the_only_one_for_its_key(services, lock, wire):
    await lock(wire)
    before = await save_preset(services, STORY, actor="a")
    (asked,) = await request_renders(services, "talk-1", ["story"], actor="a")
    await save_preset(services, {**STORY, "maxLengthS": 30}, actor="a")
    (again,) = await request_renders(services, "talk-1", ["story", "story"], actor="a")
    assert (again.created, again.job.render_job_id) == (False, asked.job.render_job_id)
    async with services.database.connection() as conn:
        job = await jobs.get(conn, asked.job.render_job_id)
        pinned = await of_job(conn, job)
    assert (job.preset_sha256, pinned) == (before.sha256, before.preset)
    assert preset_sha256(pinned) == before.sha256
    await cancel_job(services, asked.job.render_job_id, actor="a", reason="test")
    successor = await retry_job(services, asked.job.render_job_id, actor="a", reason="test")
    assert successor.preset_sha256 == before.sha256


async def test_render_all_stays_the_four(services, lock, wire):
    await lock(wire)
    await save_preset(services, STORY, actor="a")
    assert [each.job.format for each in await request_renders(services, "talk-1", actor="a")] == list(FORMATS)
