"""Turn formation's failure to answer in time into the static list, said to be static: the path's titles in its order.

It comes from the newest graph that this process has read, or the one that ships with the program, and asks nobody anything:
a member's dashboard stands while formation is down, slow, or the database is gone. Every such answer is logged with its ids
and counted for /readyz.
"""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from ruach_studio.formation.entrypoints.wire_read import NextStepOut, static_out
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store.graphs import GraphVersionNotFound
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.infra.context import current
from ruach_studio.infra.deadline import in_time
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import RuachError

log = get_logger(__name__)

T = TypeVar("T")
SHOWN = 10
TRACEBACK_EVERY = timedelta(minutes=1)  # in an outage every dashboard fails in the same way
_SAYS = {
    "identity_unknown": "Who you are cannot be checked right now",
    "nothing_published": "No version of this path is published yet",
    "too_slow": "Your own next steps take too long right now",
}
_OTHERWISE = "Your own next steps cannot be worked out right now"


class StaticList:
    """The answer of last resort of one process."""

    def __init__(self, services: FormationServices) -> None:
        """Take what holds the graphs and the count."""
        self.services = services

    async def unless(self, work: Coroutine[Any, Any, T], shown: Callable[[T], NextStepOut], path_id: str) -> NextStepOut:
        """Return what `work` finds, within the deadline, else the static list. A request's own fault (4xx) is raised."""
        try:
            return shown(await in_time(work, self.services.settings.next_step_deadline_ms / 1000))
        except RuachError as error:
            unpublished = error.code == "nothing_published" or (error.code == "path_not_found" and path_id == DEFAULT_PATH)
            if error.status < 500 and not unpublished and error.code != GraphVersionNotFound.code:
                raise  # a lost version is no fault of the request
            return self.because("nothing_published" if unpublished else error.code, path_id, error)
        except Exception as error:  # noqa: BLE001  (whatever broke, the dashboard stands; it is logged whole)
            return self.because(type(error).__name__, path_id, error)

    def because(self, reason: str, path_id: str, error: Exception | None = None) -> NextStepOut:
        """Return the static list, and note why it had to be shown; a fault of ours with its traceback, once a minute."""
        now, shown = self.services.clock.now(), self.services.static_answers
        again = shown.last_reason == reason and shown.last_at is not None and now - shown.last_at < TRACEBACK_EVERY
        ours = error is not None and not isinstance(error, RuachError)
        log.warning("next_step.static", reason=reason, path_id=path_id, exc_info=error if ours and not again else None)
        shown.note(now, reason)
        notice = f"{_SAYS.get(reason, _OTHERWISE)}; this is the path in its order, the same for everyone"
        if correlation_id := current().correlation_id:
            notice += f" (correlation id {correlation_id})"
        return static_out(self.services.graphs.newest(path_id), path_id, notice, SHOWN)
