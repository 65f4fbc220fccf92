"""Assembly asks for derivatives and render makes them, each in a process of its own that may be away meanwhile."""

import asyncio
import re

import pytest

from ruach_studio.infra.context import bind, new_id
from ruach_studio.kernel.errors import MediaFailure
from ruach_studio.render.usecases import derive_files


@pytest.fixture
def endless(monkeypatch):
    """Peaks that are never done; set once they have begun."""
    begun = asyncio.Event()

    async def peaks(_info, aside, _tell):
        (aside / "peaks.0.part").write_bytes(b"half")
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setitem(derive_files._MAKERS, "peaks", peaks)
    return begun


async def test_either_side_may_be_away_while_the_other_works(derivatives, at_work):
    asked = await derivatives.ask_for_peaks()
    await derivatives.relay("assembly.")
    assert (asked["state"], await derivatives.run(asked["jobId"])) == ("queued", None)
    async with at_work("render"):
        await derivatives.run(asked["jobId"], "completed")
    (waiting,) = await derivatives.listed()
    assert (waiting["state"], waiting["jobId"]) == ("queued", asked["jobId"]), "assembly has not heard of it"
    assert (await derivatives.ask_for_peaks())["jobId"] == asked["jobId"]
    await derivatives.relay("assembly.")
    assert [each["state"] for each in await derivatives.listed()] == ["ready"]
    assert derivatives.files() == ["peaks.bin"]
    await derivatives.relay()
    assert await derivatives.jobs() == [(asked["jobId"], "completed")], "and nothing was asked for twice"


async def test_a_removed_job_closes_its_row_and_the_next_wish_is_taken(derivatives, at_work, services):
    asked = await derivatives.ask_for_peaks()
    await derivatives.relay()
    with bind(correlation_id=new_id()):
        await services.queue.remove("media-transcoding", asked["jobId"])
    async with at_work("assembly", "render"):
        assert [each["state"] for each in await derivatives.settled()] == ["cancelled"]
        again = await derivatives.ask_for_peaks()
        assert again["jobId"] != asked["jobId"]
        assert [each["state"] for each in await derivatives.settled()] == ["ready"]


async def test_what_is_withdrawn_before_render_hears_of_it_is_never_made(derivatives, at_work):
    asked = await derivatives.ask_for_peaks()
    job = f"/sessions/talk/jobs/{asked['jobId']}"
    assert (await derivatives.client.get(job)).json()["state"] == "queued"
    answer = await derivatives.client.post(f"{job}/cancel", json={"reason": "the wrong card"})
    assert (answer.status_code, answer.json()["state"], answer.json()["jobId"]) == (200, "cancelled", asked["jobId"])
    assert (await derivatives.client.post(f"{job}/cancel")).status_code == 409
    assert [each["state"] for each in await derivatives.listed()] == ["cancelled"]
    followed = (await derivatives.client.get(f"{job}/progress")).text
    assert re.findall('"state": ?"([a-z]+)"', followed) == ["cancelled"]
    async with at_work("assembly", "render"):
        await derivatives.run(asked["jobId"], "cancelled")
        again = await derivatives.ask_for_peaks()
        assert [each["state"] for each in await derivatives.settled()] == ["ready"]
    await derivatives.run(again["jobId"], "completed")
    assert sorted(await derivatives.jobs()) == sorted([(asked["jobId"], "cancelled"), (again["jobId"], "completed")])


async def test_a_running_one_that_is_withdrawn_stops_and_leaves_nothing(derivatives, at_work, endless):
    asked = await derivatives.ask_for_peaks()
    following = asyncio.create_task(derivatives.client.get(f"/sessions/talk/jobs/{asked['jobId']}/progress"))
    async with at_work("assembly", "render"):
        await asyncio.wait_for(endless.wait(), 30)
        await derivatives.until(lambda states: states == ["running"])
        answer = await derivatives.client.post(f"/sessions/talk/jobs/{asked['jobId']}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        await derivatives.run(asked["jobId"], "cancelled")
        async with asyncio.timeout(8):  # below the 10 s after which a worker cuts a handler off
            while derivatives.files():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert [each["state"] for each in await derivatives.listed()] == ["cancelled"]
    followed = re.findall('"state": ?"([a-z]+)"', (await following).text)
    assert (followed[0], followed[-1]) == ("queued", "cancelled"), "from before render heard of it to its end"


async def test_the_row_follows_a_retry_to_its_end(derivatives, at_work, monkeypatch):
    whole, tries = derive_files._MAKERS["peaks"], []

    async def second_time(*given):
        tries.append(given)
        if len(tries) == 1:
            raise MediaFailure("the disk hiccuped", subject="A.mp4")
        return await whole(*given)

    monkeypatch.setitem(derive_files._MAKERS, "peaks", second_time)
    asked = await derivatives.ask_for_peaks()
    async with at_work("assembly", "render"):
        (made,) = await derivatives.settled()
        await derivatives.run(made["jobId"], "completed")
    assert (made["state"], made["error"]) == ("ready", None)
    assert await derivatives.jobs() == [(made["jobId"], "completed"), (asked["jobId"], "failed")]


async def test_a_job_that_an_older_release_queued_runs_as_it_is(derivatives, at_work, services):
    """Its row knows no session, its payload no recipe, and no event asked for it."""
    asked = await derivatives.ask_for_peaks()
    payload = {
        "sessionId": "talk", "derivativeId": asked["derivativeId"], "kind": "peaks", "actor": "session:someone",
        "path": str(services.settings.media_roots[0] / "A.mp4"),
    }  # fmt: skip
    with bind(correlation_id=new_id()):
        async with services.database.transaction() as tx:
            await tx.exec_driver_sql("DELETE FROM platform.outbox")
            await tx.exec_driver_sql("UPDATE assembly.derivative SET facts = '{}'")
            await services.queue.add(tx, "media-transcoding", "derive", payload, job_id=asked["jobId"])
    assert (await derivatives.ask_for_peaks())["jobId"] == asked["jobId"]
    async with at_work("assembly", "render"):
        assert [each["state"] for each in await derivatives.settled()] == ["ready"]
        await derivatives.run(asked["jobId"], "completed")
    assert await derivatives.jobs() == [(asked["jobId"], "completed")]
