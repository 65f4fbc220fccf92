"""Turn the table of dead letters into an operator's page: each with its row, and the alarms counted at this moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db import Database
from ruach_studio.infra.dead_letters.playbooks import Playbooks, row_of, ways_back_of
from ruach_studio.infra.queues.store import dead_letter_list
from ruach_studio.kernel.errors import NotFound
from ruach_studio.kernel.playbook import UNKNOWN, Counter, Letter, Row, WayBack

DLQ_SUFFIX = "-dlq"


class DeadLetterNotFound(NotFound):
    """There is no such dead letter."""

    code = "dead_letter_not_found"


@dataclass(frozen=True, slots=True)
class Shown:
    """A dead letter (its row of the table) with what the playbook says of it now."""

    letter: Mapping[str, Any]
    row: Row
    counters: tuple[Counter, ...]
    ways_back: Sequence[WayBack] = ()

    @property
    def escalations(self) -> list[str]:
        """Return why to escalate, with the numbers; empty if no limit is reached."""
        return [
            f"{each.name}: {each.value:g} of {each.at_least:g} {each.unit}: {each.reason}"
            for each in self.counters
            if each.escalate
        ]

    def to_wire(self, *, whole: bool = False) -> dict[str, Any]:
        """Return the JSON object of a list; the `whole` letter has payload, attempts, facts and the ways back too."""
        letter, error = self.letter, self.letter["error"]
        job = letter["kind"] == "job"
        shown: dict[str, Any] = {
            "deadLetterId": letter["id"], "kind": letter["kind"], "queue": letter["queue"],
            "dlq": letter["queue"] + DLQ_SUFFIX if job else None, "name": letter["name"], "sourceId": letter["source_id"],
            "sessionId": letter["payload"].get("sessionId"), "automationId": letter["automation_id"],
            "correlationId": letter["correlation_id"], "diedAt": letter["created_at"],
            "error": {name: error.get(name) for name in ("code", "message", "retryable")},
            "attemptCount": len(letter["attempts"]),
            "triage": {"known": self.row is not UNKNOWN, **self.row.to_wire()},
            "counters": [each.to_wire() for each in self.counters],
            "escalate": bool(self.escalations), "escalateBecause": self.escalations,
            "resolvedAt": letter["resolved_at"], "resolvedBy": letter["resolved_by"], "resolution": letter["resolution"],
        }  # fmt: skip
        if whole:
            shown |= {
                "payload": letter["payload"], "attempts": letter["attempts"], "facts": letter["facts"],
                "waysBack": [each.to_wire() for each in self.ways_back],
            }  # fmt: skip
        return shown


@dataclass(frozen=True, slots=True)
class Page:
    """Some letters, newest first; `next_before` is what the next page starts after, None on the last."""

    letters: Sequence[Shown]
    next_before: str | None


async def list_letters(
    database: Database, playbooks: Playbooks, *, queue: str | None = None, cause: str | None = None,
    session_id: str | None = None, resolved: bool | None = False, before: str | None = None, limit: int = 50,
) -> Page:  # fmt: skip
    """Return a page. `queue` may be a queue, its DLQ or a consumer; `cause` a number, "ours" or "unknown"; `resolved` None
    for both. Raises DeadLetterNotFound if `before` is no letter's id."""
    async with database.connection() as conn:
        if before is not None and await dead_letter_list.by_id(conn, before) is None:
            raise DeadLetterNotFound(subject=before, remedy="Give `before` as the last page named it.")
        found = await dead_letter_list.page(
            conn, queue=queue.removesuffix(DLQ_SUFFIX) if queue else None, cause=cause, session=session_id,
            resolved=resolved, before=before, limit=limit + 1,
        )  # fmt: skip
        kept, more = found[:limit], len(found) > limit
        neighbours: dict[str, list[Letter]] = {}
        for letter in reversed(kept):  # the oldest of a queue first: its neighbours hold those of the younger ones
            if letter["queue"] not in neighbours:
                neighbours[letter["queue"]] = await dead_letter_list.counted(conn, letter)
        done: dict[tuple[str, str], datetime | None] = {}
        for letter in kept:
            key = (letter["queue"], letter["name"])
            if key not in done:
                done[key] = await dead_letter_list.last_done(conn, *key)
    shown = [
        _shown(playbooks, each, neighbours[each["queue"]], done[each["queue"], each["name"]]) for each in kept
    ]  # fmt: skip
    return Page(shown, kept[-1]["id"] if more else None)


async def show_letter(database: Database, playbooks: Playbooks, letter_id: str) -> Shown:
    """Return one letter, whole. Raises DeadLetterNotFound."""
    async with database.connection() as conn:
        letter = await found_letter(conn, letter_id)
        neighbours = await dead_letter_list.counted(conn, letter)
        done = await dead_letter_list.last_done(conn, letter["queue"], letter["name"])
    return _shown(playbooks, letter, neighbours, done)


async def found_letter(conn: AsyncConnection, letter_id: str, *, lock: bool = False) -> dict[str, Any]:
    """Return a letter's row. Raises DeadLetterNotFound."""
    letter = await dead_letter_list.by_id(conn, letter_id, lock=lock)
    if letter is None:
        raise DeadLetterNotFound(subject=letter_id, remedy="`ruach ops dlq list` shows them.")
    return letter


def _shown(playbooks: Playbooks, letter: Mapping[str, Any], neighbours: Sequence[Letter], done: datetime | None) -> Shown:
    row = row_of(playbooks, letter)
    playbook = playbooks.get(letter["queue"])
    counters: tuple[Counter, ...] = ()
    itself = next((each for each in neighbours if each.letter_id == letter["id"]), None)
    if playbook is not None and itself is not None:
        same = [each for each in neighbours if (playbook.triage(each.code, each.message) or UNKNOWN) == row]
        counters = row.counters(itself, same, done)
    return Shown(letter, row, counters, ways_back_of(playbooks, letter, row))
