"""Turn a queue's or a consumer's name into its pillar's playbook, which the composition root puts together.

infra knows no pillar: it is given, by name of the queue or of the event consumer, how an error is classified and what leads
back. Where a process was given none (it runs another pillar) the row that was stored at the letter's death is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruach_studio.kernel.playbook import UNKNOWN, Row, WayBack

Letters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Playbook:
    """How one queue's or consumer's dead letters are judged.

    triage(code, message) gives the row or None; ways_back(name, source id, payload with facts, row) what an operator can do.
    """

    triage: Callable[[str, str], Row | None]
    ways_back: Callable[[str, str, Mapping[str, Any], Row], Sequence[WayBack]]


Playbooks = Mapping[str, Playbook]


def row_of(playbooks: Playbooks, letter: Letters) -> Row:
    """Return the row of a letter by today's playbook, else as it was stored, else UNKNOWN."""
    playbook = playbooks.get(letter["queue"])
    if playbook is not None:
        return playbook.triage(str(letter["error"].get("code")), str(letter["error"].get("message"))) or UNKNOWN
    stored = letter["triage"]
    if not isinstance(stored, Mapping) or "requeueWhen" not in stored:
        return UNKNOWN
    return Row(
        stored["cause"], stored["title"], stored["checkFirst"], stored["safeToRequeue"], stored["requeueWhen"],
        stored["escalateWhen"], stored["playbook"], stored["discardable"],
    )  # fmt: skip


def ways_back_of(playbooks: Playbooks, letter: Letters, row: Row) -> list[WayBack]:
    """Return what an operator can do about an open letter; nothing about a resolved one."""
    if letter["resolved_at"] is not None:
        return []
    if row.discard:
        line = f'ruach ops dlq discard {letter["id"]} "REASON"'
        return [WayBack(line, "The playbook says: discard safely.", "deadLetter.discard", {"deadLetterId": letter["id"]})]
    if letter["kind"] == "event":
        line = f'ruach ops dlq redeliver {letter["queue"]} {letter["source_id"]} "REASON"'
        says = "Once its cause is mended: the consumer hears it again, with a full ladder."
        return [WayBack(line, says, "event.redeliver", {"consumer": letter["queue"], "eventId": letter["source_id"]})]
    playbook = playbooks.get(letter["queue"])
    if playbook is None:
        return []
    return list(playbook.ways_back(letter["name"], letter["source_id"], {**letter["payload"], **letter["facts"]}, row))
