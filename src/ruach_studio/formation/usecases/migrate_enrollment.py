"""Turn an enrollment's graph version into a newer one, with everything that the member has done: `formation.migrate`.

One `graph_migrated` event holds the resolved mapping; row, projection and the operators' list of unmappable nodes change
with it in the caller's transaction. The enrollment's id stays. A dry run tells the same and writes nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.migration import Migration, OlderVersion, plan_migration
from ruach_studio.formation.migration_map import parse_mapping, rules_of
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.repair import replay_whole
from ruach_studio.formation.store import enrollments, journal, migrations
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.graphs import GraphVersionNotFound
from ruach_studio.formation.store.migrations import Unmappable
from ruach_studio.formation.usecases.examine_enrollment import Asked
from ruach_studio.formation.usecases.swap_projection import store_projection
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import BadInput, Conflict


class JustMigrated(Conflict):
    """The enrollment was migrated less than a second ago."""

    code = "just_migrated"
    retryable = True


class NotUnmappable(BadInput):
    """Only a node that no mapping leads anywhere can be mapped by hand."""

    code = "not_unmappable"


async def migrate_enrollment(
    services: FormationServices, tx: AsyncConnection, enrollment_id: str, to_version: int, asked: Asked, *,
    mapping: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what becomes of each node and score. `mapping`: an operator's word on unmappable nodes ([]: history only).

    At that version already and nothing to map: nothing is written. Raises OlderVersion, EnrollmentNotFound,
    GraphVersionNotFound, NotUnmappable, BadInput (an heir that does not fit), JournalUnreadable, JustMigrated.
    """
    held = enrollments.get if asked.dry_run else enrollments.lock
    enrollment = await held(tx, enrollment_id)
    if to_version < enrollment.graph_version:
        raise OlderVersion(f"the member is on version {enrollment.graph_version}", subject=f"version {to_version}",
                           remedy="Publish what is wanted as a new version, and migrate to that.")  # fmt: skip
    plan = await _planned(services, tx, enrollment, to_version, asked, mapping or {})
    changed = to_version != enrollment.graph_version or bool(mapping)
    answer = {
        "enrollmentId": enrollment_id, "fromVersion": enrollment.graph_version, "toVersion": to_version, "changed": changed,
        "mapping": {old: list(new) for old, new in plan.mapping.items()}, "merges": [list(row) for row in plan.merges],
        "keptOpen": list(plan.kept_open), **plan.report(),
        "scoreReasons": {each.phase: {"before": list(each.before), "after": list(each.after)} for each in plan.scores},
    }  # fmt: skip
    if changed and not asked.dry_run:
        await _save(services, tx, enrollment, plan, asked)
    return answer


async def _planned(
    services: FormationServices, tx: AsyncConnection, enrollment: Enrollment, to_version: int, asked: Asked,
    explicit: Mapping[str, Sequence[str]],
) -> Migration:  # fmt: skip
    new = await services.graphs.get(tx, enrollment.path_id, to_version)
    try:
        old = await services.graphs.get(tx, enrollment.path_id, enrollment.graph_version)
    except GraphVersionNotFound:  # a lost version must not hold the member back
        old = Graph(enrollment.graph_version, (), enrollment.path_id)
    stored = await migrations.mappings(tx, enrollment.path_id, after=enrollment.graph_version, upto=to_version)
    fates = [parse_mapping(each) for each in stored]
    state = replay_whole(await journal.read(tx, enrollment.enrollment_id))
    # in a thread: a path of ten thousand nodes takes a second
    plan = await asyncio.to_thread(plan_migration, old, new, rules_of(fates), state, as_of=asked.at)
    if not explicit:
        return plan
    flagged = {each.node_id for each in plan.unmappable}
    strangers = [name for name in explicit if name not in flagged]
    if strangers:
        raise NotUnmappable(subject=", ".join(sorted(strangers)), remedy="A dry run lists what is unmappable.")
    mapped = await asyncio.to_thread(plan_migration, old, new, rules_of(fates, explicit), state, as_of=asked.at)
    for outcome in mapped.unmappable:
        if outcome.node_id in explicit:
            raise BadInput(outcome.words, subject=f"mapping of {outcome.node_id}",
                           remedy="Name nodes of that version that are of the same kind, or [].")  # fmt: skip
    return mapped


async def _save(
    services: FormationServices, tx: AsyncConnection, enrollment: Enrollment, plan: Migration, asked: Asked
) -> None:
    enrollment_id = enrollment.enrollment_id
    data = plan.payload(requested_by=asked.requested_by, reason=asked.reason)
    written = await write_fact(services, tx, enrollment, "graph_migrated", f"v{plan.to_version}", data, at=asked.at)
    if written.version is None:
        raise JustMigrated(subject=enrollment_id, remedy="Try again.")
    await enrollments.update(tx, enrollment_id, graph_version=plan.to_version)
    flagged = [
        Unmappable(enrollment_id, each.node_id, plan.from_version, plan.to_version, each.words, asked.at)
        for each in plan.unmappable
    ]
    await migrations.put_unmappable(tx, enrollment_id, flagged)
    await store_projection(tx, replay_whole(await journal.read(tx, enrollment_id)), asked.at)
    await record_transition(
        tx, entity="formation-enrollment", entity_id=enrollment_id, from_state=f"graph-v{plan.from_version}",
        to_state=f"graph-v{plan.to_version}", actor=asked.actor, reason=asked.reason,
    )  # fmt: skip
