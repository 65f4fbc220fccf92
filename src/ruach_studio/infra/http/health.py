"""Turn a set of named checks into /healthz (the process answers) and /readyz (what it needs answers).

Degraded is not down: a lost cache leaves the service ready and says so. Each check has two seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Depends, Response

from ruach_studio.infra.http.access import public
from ruach_studio.infra.logging import get_logger

log = get_logger(__name__)

CHECK_TIMEOUT_S = 2.0
State = Literal["ok", "degraded", "down"]
_RANK: Mapping[State, int] = {"ok": 0, "degraded": 1, "down": 2}


@dataclass(frozen=True, slots=True)
class Health:
    """What one check found; `detail` is short and holds no address and no secret."""

    state: State = "ok"
    detail: str = ""


Check = Callable[[], Awaitable[Health | None]]


def router(checks: Mapping[str, Check]) -> APIRouter:
    """Return the two routes. A check returns Health (None = ok); one that raises or is slow is down."""
    health = APIRouter(tags=["health"], dependencies=[Depends(public())])

    @health.get("/healthz", summary="The process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @health.get(
        "/readyz", summary="What the service needs answers", responses={503: {"description": "A needed part is down"}}
    )
    async def readyz(response: Response) -> dict[str, Any]:
        found = dict(zip(checks, await asyncio.gather(*map(_checked, checks, checks.values())), strict=True))
        worst: State = max((each.state for each in found.values()), key=_RANK.__getitem__, default="ok")
        response.status_code = 503 if worst == "down" else 200
        report = {name: {"status": each.state, "detail": each.detail} for name, each in found.items()}
        return {"status": worst, "checks": report}

    return health


async def _checked(name: str, check: Check) -> Health:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check() or Health()
    except TimeoutError:
        log.warning("health.check.slow", check=name, timeout_s=CHECK_TIMEOUT_S)
        return Health("down", f"no answer within {CHECK_TIMEOUT_S:g} s")
    except Exception as error:
        log.warning("health.check.failed", check=name, exc_info=error)
        return Health("down", type(error).__name__)
