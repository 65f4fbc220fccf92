"""Turn a user's journals into their states from scratch, event by event, and say what their projections are worth beside it.

The specification's `replayFormationEvents(userId)`. Nothing stored but the events is believed, and nothing is written.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.state import FormationState, Numbered, digest, replay
from ruach_studio.formation.store import enrollments, journal, projections
from ruach_studio.formation.store.journal_ranges import Projected
from ruach_studio.formation.store.replay_worker import compared


@dataclass(frozen=True, slots=True)
class Replayed:
    """One enrollment: its state and digest, and how its projection compares: one of VERDICTS, "none" as of a date."""

    enrollment_id: str
    path_id: str
    state: FormationState
    digest: str
    verdict: str


async def replay_formation_events(
    services: FormationServices, user_id: str, *, as_of: datetime | None = None
) -> list[Replayed]:
    """Return every enrollment of a user, the oldest first, as of a date or now. Raises OutOfOrder."""
    done = []
    async with services.database.connection() as conn:
        for row in await enrollments.all_of_user(conn, user_id):
            events = await journal.read(conn, row.enrollment_id)
            state = replay(events, as_of=as_of)
            made, verdict = digest(state), "none"
            stored = await projections.get(conn, row.enrollment_id) if as_of is None else None
            if stored is not None:
                projected = Projected(stored.journal_version, stored.reducer_version, stored.digest)
                verdict = compared(projected, len(events), made, partial(_digest_at, events))
            done.append(Replayed(row.enrollment_id, row.path_id, state, made, verdict))
    return done


def _digest_at(events: list[Numbered], version: int) -> str:
    return digest(replay(events[:version]))
