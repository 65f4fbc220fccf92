"""Turn the kill switch and the monthly cap into a yes or a 503 before anything is paid for.

Who asks for money holds a lock until the row is written, so that many at once cannot together pass the cap. A running
render counts with what was set aside for it (its minutes times RUACH_LAMBDA_USD_PER_MINUTE), a finished one with its bill.
"""

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.http.health import Health
from ruach_studio.kernel.errors import Unavailable
from ruach_studio.render.store import lambda_costs
from ruach_studio.render.usecases.services import RenderServices

RETRY_AFTER_S = 3600


class RenderingDisabled(Unavailable):
    """Rendering on Lambda is switched off."""

    code = "rendering_disabled"
    retryable = False


class CostCapExceeded(Unavailable):
    """Rendering on Lambda has reached this month's cost cap."""

    code = "cost_cap_exceeded"
    retryable = False


class LedgerBudget:
    """The budget that the ledger keeps (`ports.LambdaBudget`)."""

    def __init__(self, services: RenderServices) -> None:
        """Take database, clock and settings."""
        self._services = services

    async def reserve(self, key: str, session_id: str, format_name: str, duration_s: float) -> None:
        """Set money aside. Raises RenderingDisabled, CostCapExceeded."""
        settings, now = self._services.settings, self._services.clock.now()
        asked = duration_s / 60 * settings.lambda_usd_per_minute
        async with self._services.database.transaction() as tx:
            await lambda_costs.lock(tx)
            await lambda_costs.close_open(tx, key, now)  # a start whose end nobody saw
            await _check(tx, self._services, now, asked)
            await lambda_costs.reserve(tx, key, session_id, format_name, month_of(now), asked, now)

    async def settle(self, key: str, cost_usd: float) -> None:
        """Put the bill in the place of what was set aside."""
        async with self._services.database.transaction() as tx:
            await lambda_costs.settle(tx, key, cost_usd, self._services.clock.now())


async def refuse_if_closed(services: RenderServices, tx: AsyncConnection) -> None:
    """Refuse a request for renders that could not run anyway. Raises RenderingDisabled, CostCapExceeded."""
    if services.settings.render_runner == "lambda":
        await _check(tx, services, services.clock.now(), 0.0)


async def runner_ready(services: RenderServices) -> Health:
    """Say for /readyz who renders; Lambda switched off or at its cap is degraded, since all else goes on."""
    name = services.settings.render_runner
    try:
        async with services.database.connection() as conn:
            await refuse_if_closed(services, conn)
    except (RenderingDisabled, CostCapExceeded) as closed:
        return Health("degraded", f"{name}: {closed.code}")
    return Health(detail=name)


def month_of(now: datetime) -> date:
    """Return the first day of the month that `now` (UTC) lies in."""
    return date(now.year, now.month, 1)


async def _check(tx: AsyncConnection, services: RenderServices, now: datetime, asked_usd: float) -> None:
    settings = services.settings
    if settings.lambda_disabled:
        raise RenderingDisabled(
            subject="RUACH_LAMBDA_DISABLED", remedy="Unset it, or render with RUACH_RENDER_RUNNER=ffmpeg.",
            retry_after_s=RETRY_AFTER_S,
        )  # fmt: skip
    spent, cap = await lambda_costs.spent(tx, month_of(now)), settings.lambda_monthly_cap_usd
    if spent + asked_usd > cap or spent >= cap:
        raise CostCapExceeded(
            f"{spent:.2f} USD of {cap:.2f} USD are spent or set aside this month, {asked_usd:.2f} USD more were asked for",
            subject="RUACH_LAMBDA_MONTHLY_CAP_USD", remedy="Raise it, wait for the next month, or render with ffmpeg.",
            retry_after_s=RETRY_AFTER_S,
        )  # fmt: skip
