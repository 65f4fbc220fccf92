"""A render on Lambda that failed once is begun anew; one that may still end well is waited for. The account is made up."""

import asyncio
import json
import shutil
from dataclasses import replace

import pytest
from pydantic import SecretStr

from ruach_studio.kernel.errors import Cancelled, MediaFailure
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners import remotion_lambda
from ruach_studio.render.runners.encode import FrameCountWrong
from ruach_studio.render.runners.lambda_client import LambdaPlace, Progress
from ruach_studio.render.runners.lambda_errors import LambdaAccessDenied, LambdaThrottled, LambdaTimeout, LambdaUnreachable

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)
PLACE = LambdaPlace("us-east-1", "fn", "http://site", "bucket", SecretStr("a"), SecretStr("b"))
BUSY = Progress(2, False, 0.1, None)
DONE = Progress(6, True, 0.2, None)
DEAD = Progress(2, False, 0.1, "AWS Concurrency limit reached (Rate Exceeded)")


class Account:
    """A bucket and the renders that were started; `next_ends` says how the next one goes: its progress, and its file."""

    def __init__(self):
        self.bucket, self.progresses, self.next_ends = {}, {}, []

    def exists(self, key):
        return key in self.bucket

    def upload(self, path, key):
        return f"https://bucket/{key}"

    def start(self, props, key, encode):
        said, file = self.next_ends.pop(0)
        render_id = f"render-{len(self.progresses) + 1}"
        self.progresses[render_id] = said
        if file is not None:
            self.bucket[key] = file
        return render_id

    def progress(self, render_id):
        said = self.progresses[render_id]
        if isinstance(said, Exception):
            raise said
        return said

    def cancel(self, render_id):
        pass

    def download(self, key, path):
        if isinstance(self.bucket[key], Exception):
            raise self.bucket[key]
        shutil.copy(self.bucket[key], path)

    def delete(self, key):
        self.bucket.pop(key, None)


class Purse:
    async def reserve(self, key, session_id, format_name, duration_s):
        pass

    async def settle(self, key, cost_usd):
        pass


@pytest.fixture
def account(monkeypatch):
    found = Account()
    monkeypatch.setattr(remotion_lambda, "LambdaClient", lambda place: found)
    return found


@pytest.fixture
def plan(odd_cameras, make_edl):
    return plan_render(make_edl([(6, "A")], odd_cameras), WIDE)


@pytest.fixture(scope="module")
def files(tmp_path_factory, make_film):
    """A picture of the six frames that are planned, one that is too short, and one that is no picture."""
    folder = tmp_path_factory.mktemp("bucket")
    (folder / "torn.mp4").write_bytes(b"not a film")
    return make_film(folder / "good.mp4", "A", 6), make_film(folder / "short.mp4", "A", 5), folder / "torn.mp4"


async def draw(plan, folder, **more):
    cancelled = more.pop("cancelled", None) or asyncio.Event()
    runner = remotion_lambda.RemotionLambdaRunner(PLACE, Purse(), **more)
    return await runner.render(plan, folder, lambda _: None, cancelled)


async def test_a_render_that_failed_on_lambda_is_begun_anew(account, plan, files, tmp_path):
    account.next_ends = [(DEAD, None), (DONE, files[0])]
    with pytest.raises(LambdaThrottled):
        await draw(plan, tmp_path)
    assert (await draw(plan, tmp_path)).frames == 6
    assert list(account.progresses) == ["render-1", "render-2"]


@pytest.mark.parametrize(("wrong", "error"), [(1, FrameCountWrong), (2, MediaFailure)])
@pytest.mark.parametrize("same_folder", [True, False])
async def test_a_wrong_file_is_not_found_finished_again(account, plan, files, tmp_path, wrong, error, same_folder):
    account.next_ends = [(DONE, files[wrong]), (DONE, files[0])]
    with pytest.raises(error):
        await draw(plan, tmp_path / "first")
    assert account.bucket == {}
    assert (await draw(plan, tmp_path / ("first" if same_folder else "second"))).frames == 6
    assert len(account.progresses) == 2


async def test_a_render_that_may_still_end_well_is_waited_for(account, plan, files, tmp_path):
    account.next_ends = [(BUSY, None)]
    with pytest.raises(LambdaTimeout):
        await draw(plan, tmp_path, patience_s=-1.0)
    account.progresses["render-1"] = LambdaUnreachable("no answer", subject="render-1")
    with pytest.raises(LambdaUnreachable):
        await draw(plan, tmp_path)
    told_to_stop = asyncio.Event()
    told_to_stop.set()
    with pytest.raises(Cancelled):
        await draw(plan, tmp_path, cancelled=told_to_stop)
    account.progresses["render-1"] = replace(DEAD, fatal="The main function timed out")
    key = json.loads((tmp_path / "lambda.json").read_text())["key"]
    account.bucket[key] = files[0]  # the last progress report was lost, the file came
    assert (await draw(plan, tmp_path)).frames == 6
    assert list(account.progresses) == ["render-1"]


async def test_a_good_file_that_cannot_be_fetched_stays(account, plan, files, tmp_path):
    account.next_ends = [(DONE, LambdaAccessDenied("the key expired", subject="bucket"))]
    with pytest.raises(LambdaAccessDenied):
        await draw(plan, tmp_path)
    (key,) = account.bucket
    account.bucket[key] = files[0]
    assert (await draw(plan, tmp_path)).frames == 6
    assert list(account.progresses) == ["render-1"]
