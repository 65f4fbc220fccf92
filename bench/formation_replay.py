"""Turn one journal into a state, against the reducer one would write first, in one interleaved run.

    python bench/formation_replay.py [--events 100000] [--rounds 3]

The other reducer copies the dict that it changes for every event (`{**state, "views": {**state["views"], ...}}`); it keeps
neither a log nor most of the facts. Both must agree on the sections completed. Its cost grows with what a member has done,
so the ratio depends on the journal's length (100 events, as most enrollments have, and all of them) and on its 1,000 nodes.
"""

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ruach_studio.formation.journal import JournalEvent, checked
from ruach_studio.formation.state import digest, replay

START = datetime(2026, 1, 1, tzinfo=UTC)
NODES = 1000
Log = Sequence[tuple[int, JournalEvent]]


def payload(number: int, node: str) -> tuple[str, dict[str, Any]]:
    """Return the type and payload of event `number`: mostly views, as a real journal holds."""
    reflection = f"r{number // 10}"
    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("section_viewed", {"sectionId": node, "phase": "awakening", "dwellTimeSeconds": number % 300}),
        ("section_viewed", {"sectionId": node, "phase": "awakening", "dwellTimeSeconds": number % 200}),
        ("canon_definition_viewed", {"axiomId": f"a{number % 50}", "term": "grace"}),
        ("section_completed", {"sectionId": node, "phase": "awakening", "totalDwellTimeSeconds": 240}),
        ("checkpoint_reached", {"checkpointId": node, "sectionId": node, "phase": "awakening"}),
        ("reflection_submitted", {"reflectionId": reflection, "checkpointId": node, "type": "text", "wordCount": 90,
                                  "timeSinceCheckpointReached": 60}),
        ("reflection_analyzed", {"reflectionId": reflection, "depthScore": number % 1000 / 1000, "isRegurgitation": False,
                                 "showsWrestling": True, "doctrinalSoundness": "sound", "recommendedAction": ""}),
        ("checkpoint_completed", {"checkpointId": node, "sectionId": node, "phase": "awakening", "reflectionId": reflection,
                                  "timeSinceReached": 90, "passed": True, "score": 1}),
        ("content_unlocked", {"contentType": "section", "contentId": node, "reason": "prerequisites met"}),
        ("canon_axiom_cited", {"axiomId": f"a{number % 50}", "citationContext": ""}),
    )  # fmt: skip
    return kinds[number % 10]


def journal(count: int) -> Log:
    """Return `count` checked events of one enrollment, a minute apart."""
    made = []
    for number in range(1, count + 1):
        node = f"n{number // 10 % NODES}"
        kind, data = payload(number, node)
        made.append(
            (number, checked(JournalEvent(f"e{number}", "7", "n1", kind, node, START + timedelta(minutes=number), data)))
        )
    return made


def naive(log: Log) -> Mapping[str, Any]:
    """Fold by copying the dict that changes, event by event."""
    state: dict[str, Any] = {}
    for version, event in log:
        old = state.get(event.event_type, {})
        key = event.data.get("reflectionId", event.content_id)
        state = {**state, "version": version, "last": event.occurred_at,
                 event.event_type: {**old, key: old.get(key, event.occurred_at)}}  # fmt: skip
    return state


def rate(fold: Any, log: Log, times: int) -> float:
    """Return events per second of `times` folds of the log."""
    begun = time.perf_counter()
    for _ in range(times):
        fold(log)
    return len(log) * times / (time.perf_counter() - begun)


def main() -> None:
    """Measure, interleaved, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    log = journal(asked.events)
    assert dict(replay(log).sections_completed) == naive(log)["section_completed"]
    assert digest(replay(log)) == digest(replay(log[len(log) // 2 :], start=replay(log[: len(log) // 2])))
    for part in (log[:100], log):
        times = max(1, 20_000 // len(part))
        ours, theirs = [], []
        for _ in range(asked.rounds):
            ours.append(rate(replay, part, times))
            theirs.append(rate(naive, part, times))
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(
            f"{len(part):>7,} events: replay {mine:>9,.0f} events/s, dict copies {other:,.0f} events/s, {mine / other:.2f} x"
        )


if __name__ == "__main__":
    main()
