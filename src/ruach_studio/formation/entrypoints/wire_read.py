"""The words in which formation answers what a member reads: next step, path, score, access, state."""

from datetime import UTC, datetime
from typing import Any, Literal

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.gating import Access, Deficit
from ruach_studio.formation.graph import Graph, Kind, Node, Phase, phase_rank
from ruach_studio.formation.next_step import NextStep, Progress
from ruach_studio.formation.path import PathStep
from ruach_studio.formation.scoring import Score
from ruach_studio.formation.usecases.check_access import Checked
from ruach_studio.formation.usecases.read_path import ShownPath
from ruach_studio.formation.usecases.recommend_next_steps import Recommendation
from ruach_studio.kernel.decision import DecisionResult

_NOT_CHOSEN = "the path in its order; not chosen for you"


class DecisionOut(Wire):
    """A DecisionResult of the specification."""

    decision: str
    reasons: list[str]
    inputs_hash: str | None
    rules_version: str | None
    timestamp: str | None
    correlation_id: str | None


class ProgressOut(Wire):
    """Required nodes done, in a phase and on the whole path; `phase` is null for the whole path."""

    phase: Phase | None
    phase_done: int
    phase_of: int
    path_done: int
    path_of: int


class StepOut(DecisionOut):
    """One offer. On the static list nothing was decided: hash, rules, time and progress are null. Never a content's body."""

    title: str
    description: str
    kind: Kind | None
    phase: Phase | None
    offer: Literal["continue", "open", "locked", "revisit", "path_complete", "covenant", "static"]
    content_ref: str | None
    progress: ProgressOut | None
    opens_at: str | None
    would_open: str | None


class NextStepOut(Wire):
    """The "Continue Your Journey" widget. `source` static: formation cannot answer now, and `notice` says so."""

    source: Literal["journey", "static"]
    notice: str | None
    path_id: str
    formation_enrollment_id: str | None
    covenant_type: str | None
    graph_version: int | None
    steps: list[StepOut]


class DeficitOut(Wire):
    """One thing that is lacking: `have` of `needed` basis points, seconds or nodes."""

    lack: str
    subject: str
    have: int
    needed: int
    words: str


class AccessOut(DecisionOut):
    """Granted or gated, what is lacking, when time alone opens it, and the fewest acts that would."""

    node_id: str
    title: str | None
    kind: Kind | None
    phase: Phase | None
    formation_enrollment_id: str | None
    graph_version: int
    ghost: bool
    deficits: list[DeficitOut]
    opens_at: str | None
    would_open: str | None
    acts: list[str]
    active_days: int
    reachable: bool


class FactorOut(Wire):
    """One of the five factors; `of` 0: the phase asks for none."""

    name: str
    weight_percent: int
    have: int
    of: int


class ScoreOut(DecisionOut):
    """Progress evidence in one phase, 0 to 1; not a grade of a person."""

    phase: Phase
    score: float
    factors: list[FactorOut]


class PathNodeOut(Wire):
    """A node of the path as it stands for the member; a locked one says what keeps it shut and gives no content."""

    node_id: str
    title: str
    description: str
    kind: Kind
    phase: Phase
    required: bool
    deprecated: bool
    prerequisites: list[str]
    state: Literal["done", "started", "open", "locked"]
    lacks: list[str]
    content_ref: str | None


class PathOut(Wire):
    """The whole path in its stable order; `watch` names what may be done now, in that order."""

    path_id: str
    formation_enrollment_id: str | None
    covenant_type: str | None
    graph_version: int
    watch: list[str]
    progress: list[ProgressOut]
    nodes: list[PathNodeOut]


def next_step_out(found: Recommendation) -> NextStepOut:
    """Return what was recommended."""
    return NextStepOut(
        source="journey", notice=None, path_id=found.path_id, formation_enrollment_id=found.enrollment_id,
        covenant_type=found.covenant, graph_version=found.graph_version,
        steps=[step_out(step, result) for step, result in found.steps],
    )  # fmt: skip


def step_out(step: NextStep, result: DecisionResult[str]) -> StepOut:
    """Return one offer with its decision."""
    node, access = step.node, step.access
    return StepOut(
        **_decision(result), title=node.title if node else "The path is complete",
        description=node.description if node else "",
        kind=node.kind if node else None, phase=node.phase if node else None, offer=step.offer,
        content_ref=node.content_ref if node and step.offer in ("continue", "open", "revisit") else None,
        progress=progress_out(step.progress), opens_at=_time(access.opens_at) if access else None,
        would_open=access.opening.text if access else None,
    )  # fmt: skip


def static_out(graph: Graph | None, path_id: str, notice: str, limit: int) -> NextStepOut:
    """Return the path's first titles in its order, said to be static: it names nobody, and no content."""
    listed = sorted(graph.nodes, key=lambda node: (phase_rank(node.phase), node.ordinal)) if graph else []
    nodes = [node for node in listed if not node.deprecated][:limit]
    return NextStepOut(
        source="static", notice=notice, path_id=path_id, formation_enrollment_id=None, covenant_type=None,
        graph_version=graph.version if graph else None, steps=[_static_step(node) for node in nodes],
    )  # fmt: skip


def access_out(checked: Checked) -> AccessOut:
    """Return the gate's answer; a node's content is never among it."""
    access, node = checked.access, checked.node
    return AccessOut(
        **_decision(checked.result), node_id=access.node_id, title=node.title if node else None,
        kind=node.kind if node else None, phase=node.phase if node else None, formation_enrollment_id=checked.enrollment_id,
        graph_version=checked.graph_version, ghost=access.ghost, deficits=[_deficit(each) for each in access.deficits],
        opens_at=_time(access.opens_at), acts=list(access.opening.acts), active_days=access.opening.active_days,
        would_open=_would_open(access), reachable=access.opening.reachable,
    )  # fmt: skip


def score_out(phase: Phase, score: Score, result: DecisionResult[Any]) -> ScoreOut:
    """Return one phase's score."""
    factors = [FactorOut(name=f.name, weight_percent=f.weight_percent, have=f.have, of=f.of) for f in score.factors]
    return ScoreOut(**_decision(result), phase=phase, score=score.bp / 10_000, factors=factors)


def path_out(shown: ShownPath) -> PathOut:
    """Return the path."""
    return PathOut(
        path_id=shown.path_id, formation_enrollment_id=shown.enrollment_id, covenant_type=shown.covenant,
        graph_version=shown.graph_version, watch=list(shown.watch),
        progress=[progress_out(each) for each in shown.progress], nodes=[_path_node(step) for step in shown.steps],
    )  # fmt: skip


def progress_out(progress: Progress) -> ProgressOut:
    """Return how far the member is."""
    return ProgressOut(
        phase=progress.phase, phase_done=progress.phase_done, phase_of=progress.phase_of, path_done=progress.path_done,
        path_of=progress.path_of,
    )  # fmt: skip


def _decision(result: DecisionResult[Any]) -> dict[str, Any]:
    return {
        "decision": result.verdict.decision, "reasons": list(result.verdict.reasons),
        "inputs_hash": result.verdict.inputs_hash, "rules_version": result.verdict.rules_version,
        "timestamp": _time(result.timestamp), "correlation_id": result.correlation_id,
    }  # fmt: skip


def _static_step(node: Node) -> StepOut:
    return StepOut(
        decision=node.node_id, reasons=[_NOT_CHOSEN], inputs_hash=None, rules_version=None, timestamp=None,
        correlation_id=None, title=node.title, description="", kind=node.kind, phase=node.phase, offer="static",
        content_ref=None, progress=None, opens_at=None, would_open=None,
    )  # fmt: skip


def _path_node(step: PathStep) -> PathNodeOut:
    node = step.node
    return PathNodeOut(
        node_id=node.node_id, title=node.title, description=node.description, kind=node.kind, phase=node.phase,
        required=node.required, deprecated=node.deprecated, prerequisites=list(node.prerequisites), state=step.state,
        lacks=[each.words for each in step.deficits], content_ref=None if step.state == "locked" else node.content_ref,
    )  # fmt: skip


def _would_open(access: Access) -> str | None:
    return access.opening.text if access.deficits else None


def _deficit(each: Deficit) -> DeficitOut:
    return DeficitOut(lack=each.lack, subject=each.subject, have=each.have, needed=each.needed, words=each.words)


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
