"""Turn a path's enrollments, a batch at a time, into what a next version would change for each, if it were migrated.

Read are projections, so that an impact costs seconds and not a replay of every journal; an enrollment whose projection is
behind is folded by itself, up to MOST_FOLDED of them. Nothing is written. Counterparts: preview_impact.py adds it up,
list_affected.py names the enrollments.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.impact_rows import MemberRow, row_of_evidence, row_of_facts
from ruach_studio.formation.impact_tally import Changes, changes_for, scopes_of
from ruach_studio.formation.migration_fate import usable_rules
from ruach_studio.formation.migration_map import Rules, parse_mapping, rules_of
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.state import REDUCER_VERSION, FormationState, evidence_of
from ruach_studio.formation.state_snapshot import no_facts, to_us
from ruach_studio.formation.state_snapshot import state_of as plain_state_of
from ruach_studio.formation.store import migrations, standings
from ruach_studio.formation.store.graphs import GraphVersionNotFound
from ruach_studio.formation.store.standings import Stored
from ruach_studio.formation.usecases.load_journey import state_of
from ruach_studio.infra.threads import in_long_thread

MOST_MEMBERS = 2_000  # a batch: so many members,
MOST_CELLS = 2_000_000  # and so many members times nodes, which bounds the memory
MOST_FOLDED = 2_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """The version that would come next, with its mapping from the newest one; `as_of` is when members would be moved."""

    graph: Graph
    mapping: Mapping[str, Any]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Members of one pinned version and what changes for them, in the same order."""

    version: int
    members: Sequence[Stored]
    changes: Changes


@dataclass(slots=True)
class Scan:
    """What was seen on the way: `explorers` browse freely; `unseen` were not looked at (too many projections are behind,
    or the pinned version is lost); `last`: the enrollment up to which was read."""

    explorers: int = 0
    folded: int = 0
    unseen: int = 0
    last: str | None = None
    _pinned: dict[int, "_Pinned"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Pinned:
    """A version that members are on, and the rules by which their facts would move to the candidate."""

    graph: Graph
    rules: Rules


async def scan_impact(
    services: FormationServices, conn: AsyncConnection, candidate: Candidate, scan: Scan, *, after: str | None = None
) -> AsyncIterator[Batch]:
    """Yield the enrollments of the candidate's path above `after`, by id in each page, in batches of one pinned version."""
    size = max(1, min(MOST_MEMBERS, MOST_CELLS // max(len(candidate.graph.nodes), 1)))
    scan.last = after
    while True:
        page = await standings.page(
            conn, candidate.graph.path_id, reducer_version=REDUCER_VERSION, after=scan.last, limit=size
        )
        tracked = [each for each in page if each.covenant_type == "formation_journey"]
        scan.explorers += len(page) - len(tracked)
        for version, group in groupby(sorted(tracked, key=attrgetter("graph_version")), attrgetter("graph_version")):
            pinned = await _pinned(services, conn, candidate, version, scan)
            if pinned is None:
                scan.unseen += len(list(group))
                continue
            members, states = await _states(conn, group, scan)
            # hundreds of milliseconds of pure work: beside the event loop, so that others are served meanwhile
            yield Batch(version, members, await in_long_thread(_changes, pinned, candidate, members, states))
        if len(page) < size:
            return
        scan.last = page[-1].enrollment_id


async def _states(
    conn: AsyncConnection, group: Iterable[Stored], scan: Scan
) -> tuple[list[Stored], dict[str, FormationState]]:
    """Return the members to look at, and the states of those whose projection is of no use."""
    members: list[Stored] = []
    states: dict[str, FormationState] = {}
    for each in group:
        if each.facts is None:
            if scan.folded >= MOST_FOLDED:
                scan.unseen += 1
                continue
            scan.folded += 1
            states[each.enrollment_id] = await state_of(conn, each.enrollment_id)
        members.append(each)
    return members, states


def _changes(
    pinned: _Pinned, candidate: Candidate, members: Sequence[Stored], states: Mapping[str, FormationState]
) -> Changes:
    scopes = scopes_of(pinned.graph, candidate.graph)
    rows: list[MemberRow] = []
    for each in members:
        facts = json.loads(each.facts) if each.facts is not None else None
        if facts is not None and not facts["carried"] and not facts["merges"]:
            rows.append(row_of_facts(facts, pinned.graph, scopes))
        else:  # an earlier migration gave facts new names: only the evidence knows them
            state = states[each.enrollment_id] if facts is None else plain_state_of(no_facts() | facts, None)
            rows.append(row_of_evidence(evidence_of(state, pinned.graph), scopes))
    as_of_us = to_us(candidate.as_of)
    return changes_for(pinned.graph, candidate.graph, rows, pinned.rules, as_of_us=as_of_us)


async def _pinned(
    services: FormationServices, conn: AsyncConnection, candidate: Candidate, version: int, scan: Scan
) -> _Pinned | None:
    """Return a pinned version, read once in a scan; None if it is lost."""
    if version not in scan._pinned:
        path_id = candidate.graph.path_id
        try:
            graph = await services.graphs.get(conn, path_id, version)
        except GraphVersionNotFound:
            return None
        stored = await migrations.mappings(conn, path_id, after=version, upto=candidate.graph.version - 1)
        rules = rules_of([parse_mapping(each) for each in (*stored, candidate.mapping)])
        scan._pinned[version] = _Pinned(graph, usable_rules(rules, graph, candidate.graph, Evidence()))
    return scan._pinned[version]
