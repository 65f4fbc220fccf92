"""Turn an enrollment into what a repair looks at: its row, its whole journal, and what readers make of its projection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.repair import Copy, differences, journal_faults, read_copy
from ruach_studio.formation.state import FormationState, Numbered, digest
from ruach_studio.formation.store import enrollments, journal, journal_rows, projections
from ruach_studio.formation.store.enrollments import Enrollment

MOST_DIFFERENCES = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants a repair, and why. `actor` is the name for the audit, `requested_by` the account."""

    requested_by: str
    actor: str
    reason: str
    at: datetime
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """An enrollment with its journal, and what readers make of its projection; `altered`: numbers, see journal_rows.py."""

    enrollment: Enrollment
    events: Sequence[Numbered]
    copy: Copy
    stored_digest: str | None
    altered: Sequence[int] = ()


async def examine_enrollment(tx: AsyncConnection, enrollment_id: str, asked: Asked) -> Examined:
    """Read all that a repair looks at; unless it is a dry run, under the user's and the enrollment's lock."""
    held = enrollments.get if asked.dry_run else enrollments.lock
    enrollment = await held(tx, enrollment_id)
    events = await journal.read(tx, enrollment_id)
    altered = await journal_rows.altered(tx, enrollment_id)
    stored = await projections.get(tx, enrollment_id)
    if stored is None:
        return Examined(enrollment, events, read_copy(None, "", "", events), None, altered)
    copy = read_copy(stored.snapshot, stored.reducer_version, stored.digest, events)
    return Examined(enrollment, events, copy, stored.digest, altered)


def comparison(found: Examined, truth: FormationState) -> dict[str, Any]:
    """Return, for people, how the stored copy and the enrollment's row differ from the journal."""
    changes = differences(found.copy.state, truth)
    shown = [{"fact": each.path, "before": each.before, "after": each.after} for each in changes[:MOST_DIFFERENCES]]
    row = {name: {"before": getattr(found.enrollment, name), "after": value} for name, value in row_of(found, truth).items()}
    return {
        "enrollmentId": found.enrollment.enrollment_id, "journalVersion": truth.journal_version,
        "digestBefore": None if found.copy.state is None else digest(found.copy.state), "digestAfter": digest(truth),
        "projectionFaults": list(found.copy.faults),
        "journalFaults": [
            *journal_faults(found.events, found.enrollment.journal_version),
            *(f"event {number} was altered: its quick row says something else" for number in found.altered),
        ],
        "differenceCount": len(changes), "differences": shown, "enrollmentRow": row,
        "changed": bool(changes or row or found.copy.faults),
    }  # fmt: skip


def row_of(found: Examined, truth: FormationState) -> Mapping[str, object]:
    """Return what of the enrollment's row is not as the journal has it. A counter behind it would block every new event."""
    enrollment, newest = found.enrollment, found.events[-1][0] if found.events else 0
    wanted: dict[str, object] = {"graph_version": truth.graph_version, "covenant_type": truth.covenant}
    if newest > enrollment.journal_version:
        wanted["journal_version"] = newest
    return {name: value for name, value in wanted.items() if value and value != getattr(enrollment, name)}
