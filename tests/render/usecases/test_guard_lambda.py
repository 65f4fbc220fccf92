"""What Lambda may cost: the switch, the cap, and many who ask at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.usecases.guard_lambda import (
    CostCapExceeded,
    LedgerBudget,
    RenderingDisabled,
    month_of,
    runner_ready,
)
from ruach_studio.render.usecases.request_renders import request_renders

LAMBDA = {
    "render_runner": "lambda", "lambda_region": "us-east-1", "lambda_function": "f", "lambda_site": "http://x/site",
    "lambda_bucket": "remotionlambda-x", "lambda_access_key_id": "AKTEST", "lambda_secret_access_key": "not-a-secret",
}  # fmt: skip


class Clock:
    def __init__(self, *when):
        self.when = datetime(*when, tzinfo=UTC)

    def now(self):
        return self.when


@pytest.fixture
def on_lambda(services, tmp_path):
    """The services with Lambda as the runner, and changes to its settings."""

    def made(clock=None, **changes):
        settings = load_settings(data_dir=tmp_path / "data", **LAMBDA, **changes)
        return replace(services, settings=settings, clock=clock or Clock(2026, 11, 26))

    return made


async def rows(services):
    query = text("select format, reserved_usd, cost_usd, month::text from render.lambda_cost order by entry_id")
    async with services.database.connection() as conn:
        return [tuple(row) for row in await conn.execute(query)]


async def test_a_bill_takes_the_place_of_what_was_set_aside(on_lambda):
    services = on_lambda(lambda_usd_per_minute=0.1, lambda_monthly_cap_usd=1.0)
    budget = LedgerBudget(services)
    await budget.reserve("k1", "talk-1", "full_16_9", 360)
    assert await rows(services) == [("full_16_9", pytest.approx(0.6), None, "2026-11-01")]
    with pytest.raises(CostCapExceeded, match=r"0\.60 USD of 1\.00 USD.*0\.60 USD more"):
        await budget.reserve("k2", "talk-1", "clip_1_1", 360)
    await budget.settle("k1", 0.25)
    await budget.reserve("k2", "talk-1", "clip_1_1", 360)
    assert [row[2] for row in await rows(services)] == [0.25, None]


async def test_a_start_whose_end_nobody_saw_counts_as_what_was_set_aside(on_lambda):
    """A process died between the row and the note: AWS may have rendered, so the money is taken as spent."""
    services = on_lambda(lambda_usd_per_minute=0.1, lambda_monthly_cap_usd=1.0)
    for _ in range(2):
        await LedgerBudget(services).reserve("k1", "talk-1", "full_16_9", 240)
    assert [row[2] for row in await rows(services)] == [pytest.approx(0.4), None]
    with pytest.raises(CostCapExceeded):
        await LedgerBudget(services).reserve("k1", "talk-1", "full_16_9", 240)


async def test_many_at_once_cannot_together_pass_the_cap(on_lambda):
    services = on_lambda(lambda_usd_per_minute=0.1, lambda_monthly_cap_usd=1.0)
    budget = LedgerBudget(services)
    asked = [budget.reserve(f"k{i}", "talk-1", "full_16_9", 120) for i in range(20)]
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(end is None for end in ends) == 5
    assert all(isinstance(end, CostCapExceeded) for end in ends if end is not None)
    assert sum(row[1] for row in await rows(services)) == pytest.approx(1.0)


async def test_each_month_begins_anew(on_lambda):
    november, december = on_lambda(lambda_monthly_cap_usd=0.1), on_lambda(Clock(2026, 12, 1), lambda_monthly_cap_usd=0.1)
    await LedgerBudget(november).reserve("k1", "talk-1", "full_16_9", 60)
    with pytest.raises(CostCapExceeded):
        await LedgerBudget(november).reserve("k2", "talk-1", "full_16_9", 60)
    await LedgerBudget(december).reserve("k2", "talk-1", "full_16_9", 60)
    assert month_of(datetime(2026, 11, 30, 23, 59, tzinfo=UTC)).isoformat() == "2026-11-01"


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"lambda_disabled": True}, RenderingDisabled, "rendering_disabled"),
        ({"lambda_monthly_cap_usd": 0.0}, CostCapExceeded, "cost_cap_exceeded"),
    ],
)
async def test_a_request_is_refused_with_503_and_makes_no_job(on_lambda, lock, wire, changes, kind, code):
    services = on_lambda(**changes)
    await lock(wire)
    with pytest.raises(kind) as refused:
        await request_renders(services, "talk-1", actor="session:someone")
    assert (refused.value.status, refused.value.code, refused.value.details["retry_after_s"]) == (503, code, 3600)
    with pytest.raises(kind):
        await LedgerBudget(services).reserve("k", "talk-1", "full_16_9", 60)
    async with services.database.connection() as conn:
        assert await conn.scalar(text("select count(*) from render.render_job")) == 0
    ready = await runner_ready(services)
    assert (ready.state, ready.detail) == ("degraded", f"lambda: {code}")


async def test_neither_switch_nor_cap_touch_the_other_runners(services, lock, wire, tmp_path):
    settings = load_settings(data_dir=tmp_path / "data", lambda_disabled=True, lambda_monthly_cap_usd=0.0)
    await lock(wire)
    asked = await request_renders(replace(services, settings=settings), "talk-1", ["thumbnail"], actor="a")
    assert [each.created for each in asked] == [True]
    ready = await runner_ready(replace(services, settings=settings))
    assert (ready.state, ready.detail) == ("ok", "ffmpeg")


def test_lambda_without_its_settings_is_refused_by_name(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadInput, match=r"RUACH_LAMBDA_REGION.*RUACH_LAMBDA_SECRET_ACCESS_KEY"):
        load_settings(render_runner="lambda")
    shown = repr(load_settings(**LAMBDA))
    assert "AKTEST" not in shown
    assert "not-a-secret" not in shown
