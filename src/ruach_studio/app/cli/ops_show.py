"""Turn what became of a recovery command into what an operator reads at a terminal: a line each, the remedy last."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.infra.commands import Command, Confirmation, Outcome
from ruach_studio.infra.commands.routes import confirmation_out, outcome_out

_MOST_LINES = 40


def _say(text: str) -> None:
    """Print a line as it is: a reason in brackets is no markup."""
    show.line(escape(text))


def outcome(done: Outcome, *, json: bool) -> None:
    """Print a run: what it did or would do, and what comes next."""
    if json:
        show.print_json(outcome_out(done).model_dump(mode="json", by_alias=True))
        return
    for line in lines_of(done):
        _say(line)


def commands(listed: Sequence[Command[Any]], *, json: bool) -> None:
    """Print the registry."""
    if json:
        show.print_json([each.to_wire() for each in listed])
        return
    for each in listed:
        wire = each.to_wire()
        fields = ", ".join(
            name if name in wire["parameters"].get("required", []) else f"[{name}]"
            for name in wire["parameters"]["properties"]
        )
        _say(f"{each.name}({fields})")
        _say(f"    when: {each.when_to_use}")
        _say(f"    does: {each.side_effects}")
        if each.second_operator_when:
            _say(f"    second operator: {each.second_operator_when}")


def confirmations(listed: Sequence[Confirmation], *, json: bool) -> None:
    """Print requests, one a line, with what each would do."""
    if json:
        show.print_json([confirmation_out(each).model_dump(mode="json", by_alias=True) for each in listed])
        return
    if not listed:
        _say("nothing waits for a second operator")
    for each in listed:
        who = each.requested_by_email or each.requested_as
        _say(f"{each.id}  {each.state}  {each.command}  asked by {who}: {each.reason}")
        _say(f"    {', '.join(f'{name} {_param(value)}' for name, value in sorted(each.params.items()))}")
        pending = each.state == "pending"
        _say(f"    runs out at {each.expires_at:%Y-%m-%d %H:%M} UTC" if pending else f"    {each.decision_reason or '-'}")


def _param(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def lines_of(done: Outcome) -> Iterator[str]:
    """Yield the lines of a run."""
    yield from _result(done.result)
    if done.status == "dry-run":
        yield "dry run: nothing was written"
    elif done.confirmation is not None:
        waiting = done.confirmation
        yield f"waits for a different operator until {waiting.expires_at:%Y-%m-%d %H:%M} UTC; nothing has changed yet"
        yield f"next: ruach ops formation confirm {waiting.id} --as THEIR-EMAIL"
    else:
        yield f"done; the audit has it as command {done.run_id}"


def _result(result: Mapping[str, Any]) -> Iterator[str]:
    teller = {"unreadable": _unreadable, "differences": _repaired, "nodes": _migrated, "opens": _unblocked}
    for mark, tell in teller.items():
        if mark in result:
            yield from tell(result)
            return
    for name, value in result.items():
        yield f"{name}: {value}"


def _unreadable(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"enrollment {result['enrollmentId']}: the journal cannot be read until its bad events are voided"
    yield from (_bad_event(each) for each in result["badEvents"])


def _repaired(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"enrollment {result['enrollmentId']}, journal at event {result['journalVersion']}"
    for fault in result["projectionFaults"]:
        yield f"projection: {fault}"
    for fault in result["journalFaults"]:
        yield f"journal: {fault}; restore it from a backup"
    for ghost in result.get("ghosts", ()):
        yield f"ghost: {ghost}; unblock what waits, or migrate to a version that has it"
    for name, change in result["enrollmentRow"].items():
        yield f"enrollment row: {name} {change['before']} -> {change['after']}"
    count, usable = result["differenceCount"], result["digestBefore"] is not None
    if usable:
        yield f"{count} fact{' differs' if count == 1 else 's differ'} between the projection and the journal"
        yield from _first(
            f"  {each['fact']}: {_fact(each['before'])} -> {_fact(each['after'])}" for each in result["differences"]
        )
    else:
        yield f"the projection is made anew: {count} facts"
    if "factors" in result:
        yield "score, as readers see it -> as the raw data has it" if usable else "score, as the raw data has it"
        told = [
            each for each in result["factors"] if each["factor"] == "score" or (usable and each["before"] != each["after"])
        ]
        yield from (f"  {_factor(each)}" for each in told)
        yield from (_bad_event(each) for each in result["badEvents"])
        yield from (f"raw data: {each}" for each in result["rawData"])
    yield f"digest {result['digestBefore'] or 'none'} -> {result['digestAfter']}"


def _bad_event(each: Mapping[str, Any]) -> str:
    event_id = each["eventId"]
    remedy = f"; void it with --void {event_id}" if each["voidable"] else "; restore the journal from a backup"
    told = f"bad event {each['version']} {each['eventType']} {event_id}: {each['why']}"
    return f"{told} (voided)" if each["voided"] else f"{told}{remedy}"


def _fact(value: object) -> str:
    return "nothing" if value is None else str(value)


def _factor(each: Mapping[str, Any]) -> str:
    if each["before"] is None:
        return f"{each['phase']}: {each['after']}"
    if each["before"] == each["after"]:
        return f"{each['phase']}: {each['after']} (the same)"
    return f"{each['phase']}: {each['before']} -> {each['after']}"


def _migrated(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"enrollment {result['enrollmentId']}: version {result['fromVersion']} -> {result['toVersion']}"
    if not result["changed"]:
        yield "it is on that version already; nothing to do"
        return
    for name, each in result["nodes"].items():
        yield f"  {name}: {each['outcome']}; {each['words']}"
    moved = [each["words"] for each in result["scores"].values() if each["before"] != each["after"]]
    yield from (f"  score {words}" for words in moved)
    if not moved:
        yield "  every score is the same"
    if result["keptOpen"]:
        yield f"  stays open: {', '.join(result['keptOpen'])}"
    if result["added"]:
        yield f"  new steps: {', '.join(result['added'])}"
    for name in result["unmappable"]:
        yield f"  {name} waits for an operator; migrate again with --map {name}=NEW"


def _unblocked(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"enrollment {result['enrollmentId']}, version {result['graphVersion']}"
    for name, lacks in result["opens"].items():
        yield f"  opens {name}, which is shut:"
        yield from (f"    {each}" for each in lacks)
    if result["openAlready"]:
        yield f"  open already: {', '.join(result['openAlready'])}"


def _first(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == _MOST_LINES:
            yield "  … (--json shows more)"
            return
        yield line
