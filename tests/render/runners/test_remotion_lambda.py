"""Renders on Lambda, by the official client against Remotion's own function: right frames, one bill, every end named."""

import asyncio
import json
from dataclasses import replace

import pytest
from pydantic import SecretStr

from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.lambda_client import LambdaClient, LambdaClientMissing, LambdaPlace
from ruach_studio.render.runners.lambda_errors import (
    LambdaAccessDenied,
    LambdaNotFound,
    LambdaThrottled,
    LambdaTimeout,
    LambdaVersionMismatch,
)
from ruach_studio.render.runners.remotion_lambda import RemotionLambdaRunner
from ruach_studio.render.runners.remotion_site import site_key
from ruach_studio.testing.lambda_endpoint import FUNCTION, REGION, lambda_endpoint
from ruach_studio.testing.s3_server import ACCESS_KEY, PUBLIC_BUCKET, SECRET_KEY, program, s3_server

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)
BUCKET = "remotionlambda-useast1-ruachtests"
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("remotion")]


class Purse:
    """A budget that only writes down."""

    def __init__(self):
        self.told = []

    async def reserve(self, key, session_id, format_name, duration_s):
        self.told.append(("reserve", session_id, format_name, round(duration_s, 3)))

    async def settle(self, key, cost_usd):
        self.told.append(("settle", cost_usd))


@pytest.fixture(scope="module")
def cloud(remotion, tmp_path_factory):
    """An S3 with the bucket and the public site, and what is needed to start endpoints beside it."""
    if program() is None:
        pytest.skip("SeaweedFS is not installed")
    pytest.importorskip("remotion_lambda", reason="the Python client of Remotion Lambda is not installed")
    folder = tmp_path_factory.mktemp("cloud")
    with s3_server(folder) as s3:
        site = f"{s3.endpoint}/{PUBLIC_BUCKET}/sites/ruach/index.html"
        place = LambdaPlace(
            REGION, FUNCTION, site, BUCKET, SecretStr(ACCESS_KEY), SecretStr(SECRET_KEY), s3_endpoint=s3.endpoint
        )
        client = LambdaClient(place)
        client._s3.create_bucket(Bucket=BUCKET)
        root = remotion.sites / site_key(remotion.folder)
        types = {".html": "text/html", ".js": "text/javascript", ".json": "application/json"}
        for path in root.rglob("*"):
            if path.is_file() and path.suffix != ".map":
                kind = {"ContentType": types.get(path.suffix, "application/octet-stream")}
                client._s3.upload_file(str(path), PUBLIC_BUCKET, f"sites/ruach/{path.relative_to(root)}", ExtraArgs=kind)

        def endpoint(name, **options):
            return lambda_endpoint(
                folder / name, node=remotion.node, browser=remotion.browser, remotion=remotion.folder,
                s3_endpoint=s3.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY, **options,
            )  # fmt: skip

        yield place, endpoint


@pytest.fixture(scope="module")
def place(cloud):
    """A place whose function answers, for all tests that need nothing special."""
    with cloud[1]("usual") as running:
        yield replace(cloud[0], endpoint=running.url), running


async def draw(place, plan, folder, **options):
    purse, reports = Purse(), []
    runner = RemotionLambdaRunner(place, purse, **options)
    picture = await runner.render(plan, folder, reports.append, asyncio.Event())
    return picture, purse, reports


async def test_every_frame_is_the_planned_one_and_the_bill_is_written_down(
    place, odd_cameras, make_edl, read_strips, tmp_path
):
    plan = plan_render(make_edl([(20, "A"), (40, "B"), (60, "W")], odd_cameras, fps="30000/1001"), WIDE)
    picture, purse, reports = await draw(place[0], plan, tmp_path, frames=30)
    found = read_strips(picture.path)
    assert found == [plan.shown(i) for i in range(60)]
    assert picture.frames == 60
    assert [told[0] for told in purse.told] == ["reserve", "settle"]
    assert purse.told[0] == ("reserve", "talk-1", "full_16_9", round(60 * 1001 / 30000, 3))
    assert purse.told[1][1] > 0
    assert reports[-1].frames == 60
    kinds = [each["type"] for each in place[1].invocations()]
    assert (kinds.count("start"), kinds.count("launch"), kinds.count("renderer")) == (1, 1, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mezzanines", "picture.mp4"]
    client = LambdaClient(place[0])
    assert client._s3.list_objects_v2(Bucket=BUCKET, Prefix="ruach-renders/").get("KeyCount") == 0


async def test_a_job_taken_up_again_waits_for_the_render_that_is_paid_for(
    place, odd_cameras, make_edl, read_strips, tmp_path
):
    plan = plan_render(make_edl([(8, "A"), (16, "B")], odd_cameras), WIDE)
    runner, purse = RemotionLambdaRunner(place[0], Purse()), Purse()
    task = asyncio.create_task(runner.render(plan, tmp_path, lambda _: None, asyncio.Event()))
    while not (tmp_path / "lambda.json").exists():  # noqa: ASYNC110  (the file is the event)
        await asyncio.sleep(0.05)
    task.cancel()  # as if this process had died: nobody told Lambda
    await asyncio.gather(task, return_exceptions=True)
    before = [each["type"] for each in place[1].invocations()].count("start")
    picture = await RemotionLambdaRunner(place[0], purse).render(plan, tmp_path, lambda _: None, asyncio.Event())
    assert [each["type"] for each in place[1].invocations()].count("start") == before
    assert read_strips(picture.path) == [plan.shown(i) for i in range(16)]
    assert [told[0] for told in purse.told] == ["settle"]  # nothing was asked for anew
    assert purse.told[0][1] > 0


async def test_a_finished_file_counts_although_the_progress_says_failed(
    place, odd_cameras, make_edl, read_strips, tmp_path, monkeypatch
):
    """remotion#7854: the last progress report was lost, and the render is called timed out."""
    plan = plan_render(make_edl([(6, "A")], odd_cameras), WIDE)
    runner = RemotionLambdaRunner(place[0], Purse())
    told = runner._client.progress

    def lost(render_id):
        seen = told(render_id)
        return replace(seen, done=False, fatal="The main function timed out") if seen.done else seen

    monkeypatch.setattr(runner._client, "progress", lost)
    picture = await runner.render(plan, tmp_path, lambda _: None, asyncio.Event())
    assert read_strips(picture.path) == [plan.shown(i) for i in range(6)]


async def test_cancelling_stops_the_render_on_lambda(place, odd_cameras, make_edl, tmp_path):
    plan = plan_render(make_edl([(200, "A")], odd_cameras), WIDE)
    cancelled, purse = asyncio.Event(), Purse()

    def stop(_progress):
        cancelled.set()

    with pytest.raises(Cancelled):
        await RemotionLambdaRunner(place[0], purse).render(plan, tmp_path, stop, cancelled)
    render_id = json.loads((tmp_path / "lambda.json").read_text())["renderId"]
    assert LambdaClient(place[0]).exists(f"renders/{render_id}/cancel.json")
    assert purse.told[-1][0] == "settle"
    assert list(tmp_path.glob("picture*")) == []


async def test_the_concurrency_of_the_account(cloud, odd_cameras, make_edl, tmp_path):
    plan = plan_render(make_edl([(60, "A")], odd_cameras), WIDE)
    with cloud[1]("narrow", max_concurrency=2) as running, pytest.raises(LambdaThrottled) as raised:
        await draw(replace(cloud[0], endpoint=running.url), plan, tmp_path, frames=20)
    assert (raised.value.code, raised.value.retryable) == ("lambda_throttled", True)


async def test_a_function_that_runs_out_of_time(cloud, odd_cameras, make_edl, tmp_path):
    plan = plan_render(make_edl([(200, "A")], odd_cameras), WIDE)
    with cloud[1]("slow", timeout_s=8) as running, pytest.raises(LambdaTimeout) as raised:
        await draw(replace(cloud[0], endpoint=running.url), plan, tmp_path, patience_s=30)
    assert (raised.value.code, raised.value.retryable) == ("lambda_timeout", True)


def test_a_wrong_key_a_wrong_name_and_a_function_of_another_version(place):
    assert LambdaClient(place[0]).warm() == "4.0.527"
    with pytest.raises(LambdaAccessDenied, match="security token"):
        LambdaClient(replace(place[0], access_key_id=SecretStr("AKSOMEONE"))).warm()
    with pytest.raises(LambdaNotFound, match="Function not found"):
        LambdaClient(replace(place[0], function="remotion-render-none")).warm()


async def test_a_version_mismatch_is_final(place, odd_cameras, make_edl, tmp_path, monkeypatch):
    import remotion_lambda.models

    monkeypatch.setattr(remotion_lambda.models, "VERSION", "4.0.539")
    plan = plan_render(make_edl([(6, "A")], odd_cameras), WIDE)
    with pytest.raises(LambdaVersionMismatch) as raised:
        await draw(place[0], plan, tmp_path)
    assert (raised.value.retryable, raised.value.status) == (False, 409)


def test_props_that_do_not_fit_are_refused_before_a_browser_starts(place):
    client = LambdaClient(place[0])
    with pytest.raises(Exception, match="do not fit the schema"):
        client.start({"schemaVersion": 1, "width": "wide"}, "ruach-renders/x.mp4", {})


def test_without_the_client_the_remedy_is_said(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "remotion_lambda", None)
    with pytest.raises(LambdaClientMissing, match="pip install"):
        LambdaClient(LambdaPlace(REGION, FUNCTION, "http://x", BUCKET, SecretStr("a"), SecretStr("b")))
