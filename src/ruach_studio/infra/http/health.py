"""Turn a set of named checks into /healthz (the process answers) and /readyz (what it needs answers).

Degraded is not down: a lost cache leaves the service ready and says so, and so does a pillar that is down while another
works, since whoever takes the process out of rotation for one would take the others along. Each check has two seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Depends, Response

from ruach_studio.infra.http.access import public
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.errors import NotFound

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


class PillarUnknown(NotFound):
    """This process serves no such pillar."""

    code = "pillar_not_served"


def router(
    checks: Mapping[str, Check], owners: Mapping[str, str] | None = None, pillars: Collection[str] = (),
    broken: Mapping[Any, str] | None = None,
) -> Routes:  # fmt: skip
    """Return the routes. A check returns Health (None = ok); one that raises or is slow is down.

    `owners` names the pillar that a check belongs to (none: every pillar needs it), `pillars` what this process serves,
    `broken` (read anew at each request) the pillars that could not be started, and why.
    """
    health = Routes(tags=["health"], dependencies=[Depends(public())])
    owned = owners or {}
    out: Mapping[Any, str] = broken if broken is not None else {}
    down: dict[int | str, dict[str, Any]] = {503: {"description": "A needed part is down"}}

    @health.get("/healthz", summary="The process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @health.get("/readyz", summary="What the service needs answers", responses=down)
    async def readyz(response: Response) -> dict[str, Any]:
        found = await _all_of(checks)
        of_pillars = {name: _pillar(name, found, owned, out) for name in pillars}
        worst = _together(found, owned, of_pillars)
        response.status_code = 503 if worst == "down" else 200
        return {"status": worst, "checks": _told(found), "pillars": of_pillars}

    @health.get(
        "/readyz/{pillar}", summary="What one pillar needs answers", responses={**problem_responses(PillarUnknown), **down}
    )
    async def readyz_pillar(pillar: str, response: Response) -> dict[str, Any]:
        if pillar not in pillars:
            raise PillarUnknown(f"this process serves {', '.join(pillars) or 'none'}", subject=pillar,
                                remedy="Ask the process that serves it.")  # fmt: skip
        found = await _all_of({name: each for name, each in checks.items() if owned.get(name, pillar) == pillar})
        answer = _pillar(pillar, found, owned, out)
        response.status_code = 503 if answer["status"] == "down" else 200
        return {**answer, "checks": _told(found)}

    return health


async def _all_of(checks: Mapping[str, Check]) -> dict[str, Health]:
    return dict(zip(checks, await asyncio.gather(*map(_checked, checks, checks.values())), strict=True))


def _told(found: Mapping[str, Health]) -> dict[str, Any]:
    return {name: {"status": each.state, "detail": each.detail} for name, each in found.items()}


def _worst(states: Collection[State]) -> State:
    return max(states, key=_RANK.__getitem__, default="ok")


def _pillar(
    pillar: str, found: Mapping[str, Health], owners: Mapping[str, str], broken: Mapping[Any, str]
) -> dict[str, Any]:
    """Return the state of one pillar from its own checks and everybody's, with the first reason of the worst."""
    if pillar in broken:
        return {"status": "down", "detail": f"it could not be started ({broken[pillar]})"}
    own = {name: each for name, each in found.items() if owners.get(name, pillar) == pillar}
    state = _worst([each.state for each in own.values()])
    reason = next((f"{name}: {each.detail}" for name, each in own.items() if each.state == state != "ok"), "")
    return {"status": state, "detail": reason}


def _together(found: Mapping[str, Health], owners: Mapping[str, str], pillars: Mapping[str, Mapping[str, Any]]) -> State:
    """Return the state of the process: down if what all need is, or every pillar; degraded if anything is not ok."""
    if not pillars:
        return _worst([each.state for each in found.values()])
    common = _worst([each.state for name, each in found.items() if name not in owners])
    states: list[State] = [each["status"] for each in pillars.values()]
    if common == "down" or all(each == "down" for each in states):
        return "down"
    return "ok" if _worst([common, *states]) == "ok" else "degraded"


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
