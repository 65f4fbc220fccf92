"""The words in which operators are told what publishing a draft would mean for everybody who is on the path."""

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.entrypoints.wire_report import ChangeOut, change_out
from ruach_studio.formation.impact_tally import IMPACT_RULES
from ruach_studio.formation.usecases.list_affected import AffectedPage
from ruach_studio.formation.usecases.preview_impact import Impact

NOTE = (
    "Publishing moves nobody: each member stays on the version of their enrollment. Counted is what would change for a"
    " member who is migrated now. Who would lose a step that they have opened keeps it open."
)


class NodeImpactOut(Wire):
    """How many members would gain or lose a node; `opened` of those who would lose it have opened it and keep it."""

    node_id: str
    gain: int
    lose: int
    opened: int


class ImpactOut(Wire):
    """The impact of a draft. `members` were counted, by the version they are on; `explorers` browse freely and are not
    gated; `unseen` could not be counted; `gaining` and `losing` members have at least one node."""

    path_id: str
    current_version: int | None
    next_version: int
    rules_version: str
    note: str
    members: int
    by_version: dict[int, int]
    explorers: int
    unseen: int
    gaining: int
    losing: int
    finished_before: int
    finished_after: int
    nodes: list[NodeImpactOut]
    changes: list[ChangeOut]


class AffectedOut(Wire):
    """One enrollment, and the nodes that it would gain and lose if it were migrated."""

    formation_enrollment_id: str
    user_id: str
    graph_version: int
    gains: list[str]
    losses: list[str]


class AffectedPageOut(Wire):
    """A page of enrollments; ask again with `after`, null at the end."""

    enrollments: list[AffectedOut]
    after: str | None


def impact_out(found: Impact) -> ImpactOut:
    """Return the wire form of an impact."""
    tally, scan, examined = found.tally, found.scan, found.examined
    return ImpactOut(
        path_id=examined.graph.path_id, current_version=examined.previous.version if examined.previous else None,
        next_version=examined.graph.version, rules_version=IMPACT_RULES, note=NOTE, members=tally.members,
        by_version=dict(found.by_version), explorers=scan.explorers, unseen=scan.unseen, gaining=tally.gaining,
        losing=tally.losing, finished_before=tally.finished_before, finished_after=tally.finished_after,
        nodes=[NodeImpactOut(node_id=name, gain=each.gain, lose=each.lose, opened=each.opened)
               for name, each in tally.nodes.items()],
        changes=[change_out(each) for each in found.changes],
    )  # fmt: skip


def affected_out(page: AffectedPage) -> AffectedPageOut:
    """Return the wire form of a page."""
    rows = [
        AffectedOut(
            formation_enrollment_id=each.enrollment_id, user_id=each.user_id, graph_version=each.graph_version,
            gains=list(each.gains), losses=list(each.losses),
        )
        for each in page.enrollments
    ]  # fmt: skip
    return AffectedPageOut(enrollments=rows, after=page.after)
