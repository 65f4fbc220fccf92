"""Turn evidence into one canonical text and back, and into the few words by which a decision names it.

A path may have thousands of nodes, and a decision reads all that a member has done on it. So a decision's inputs name the
facts by the SHA-256 of this text and by the journal that they were reduced from; both together prove them, and the audit
need not keep a copy per question. What was started or unlocked and is done by now is left out: no rule asks.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import orjson

from ruach_studio.formation.evidence import Evidence, Origin
from ruach_studio.formation.graph import Phase
from ruach_studio.formation.instants import Instants, from_us, to_us
from ruach_studio.kernel.hashing import sha256_hex

EVIDENCE_VERSION = "evidence-v1"
# kernel.hashing.canonical_json's bytes, for values that are plain already; the test compares
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def to_text(evidence: Evidence) -> str:
    """Return the canonical JSON of the facts; times are microseconds since 1970. Equal facts give equal text."""
    done = evidence.checkpoints_passed | evidence.completed.keys()
    return _encode({
        "activeDays": {phase: sorted(day.isoformat() for day in days) for phase, days in evidence.active_days.items()},
        "checkpointsPassed": sorted(evidence.checkpoints_passed),
        "completed": _us(evidence.completed),
        "lastActivity": None if evidence.last_activity is None else to_us(evidence.last_activity),
        "lastSeenByTag": _us(evidence.last_seen_by_tag),
        "phaseStarted": _us(evidence.phase_started),
        "reflectionQuality": dict(evidence.reflection_quality),
        "started": {name: us for name, us in _us(evidence.started).items() if name not in done},
        "unlocked": sorted(evidence.unlocked - done),
        "version": EVIDENCE_VERSION,
    })  # fmt: skip


def from_text(text: str, origin: Origin | None = None) -> Evidence:
    """Return the evidence that `to_text` wrote; its origin, if given, then knows the text's hash."""
    data = text.encode()
    facts = orjson.loads(data)
    at = facts["lastActivity"]
    return Evidence(
        completed=Instants(facts["completed"]),
        started=Instants(facts["started"]),
        reflection_quality=facts["reflectionQuality"],
        checkpoints_passed=frozenset(facts["checkpointsPassed"]),
        active_days={phase: frozenset(map(date.fromisoformat, days)) for phase, days in facts["activeDays"].items()},
        phase_started={phase: from_us(us) for phase, us in facts["phaseStarted"].items()},
        unlocked=frozenset(facts["unlocked"]),
        last_seen_by_tag=Instants(facts["lastSeenByTag"]),
        last_activity=None if at is None else from_us(at),
        origin=None if origin is None else replace(origin, sha256=sha256_hex(data)),
    )


def named(evidence: Evidence) -> dict[str, object]:
    """Return what stands for the evidence among a decision's inputs: its hash, and the journal that it comes from."""
    origin = evidence.origin
    digest = (origin.sha256 if origin else "") or sha256_hex(to_text(evidence).encode())
    if origin is None:
        return {"sha256": digest}
    told: dict[str, object] = {
        "sha256": digest, "enrollmentId": origin.enrollment_id, "journalVersion": origin.journal_version,
        "reducer": origin.reducer,
    }  # fmt: skip
    return told if origin.until is None else {**told, "until": origin.until.isoformat()}


def _us(times: Mapping[str, datetime] | Mapping[Phase, datetime]) -> dict[str, int]:
    return Instants.of(times).us
