"""Turn stored formation decisions into those that the rules, run again on the stored inputs, do not make.

A decision's inputs name the graph version, which is immutable, and the journal by enrollment and event number, which is
append-only. So the facts are reduced again, must hash to what was noted, and the rule must say the same of them: the proof
runs from the journal to the words that the member read. A rule joins by its version in RULES; one whose inputs are not kept,
such as a reflection's text, says so in NOT_AGAIN.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.attempts import ATTEMPT_RULES, judge_attempt
from ruach_studio.formation.axioms import CANON_RULES, decide_reading
from ruach_studio.formation.covenant import COVENANT_RULES, access_under, steps_under
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.evidence_text import named
from ruach_studio.formation.gating import GATE_RULES, can_access_node
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.next_step import NEXT_RULES, rank_next_steps
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.privileges import PRIVILEGE_RULES, decide_privilege
from ruach_studio.formation.readiness import READINESS_RULES
from ruach_studio.formation.retrieval import RETRIEVAL_RULES, decide
from ruach_studio.formation.rubric import RUBRIC_VERSION
from ruach_studio.formation.scoring import SCORE_RULES, compute_formation_score
from ruach_studio.formation.state import REDUCER_VERSION, evidence_of, replay
from ruach_studio.formation.store import journal
from ruach_studio.infra.audit import stored_inputs
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import RuachError
from ruach_studio.kernel.ids import checked_uuid4

Inputs = Mapping[str, Any]
_SOME_TIME = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


class NotAgain(RuachError):
    """This cannot be decided again here."""

    code = "not_again"


class OtherFacts(RuachError):
    """The journal gives other facts than those that the decision was made of."""

    code = "other_facts"


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One sentence per decision that does not hold, and per reason how many could not be decided again."""

    faults: tuple[str, ...] = ()
    not_again: Mapping[str, int] = field(default_factory=dict)


class Again:
    """What a rule is given to decide again: the graph and the facts behind stored inputs."""

    def __init__(self, services: FormationServices, conn: AsyncConnection) -> None:
        """Take where graphs and journal are read."""
        self.services, self.conn = services, conn
        self._facts: dict[tuple[object, ...], Evidence] = {}

    async def graph(self, inputs: Inputs) -> Graph:
        """Return the graph version that the inputs name. Raises GraphVersionNotFound."""
        return await self.services.graphs.get(self.conn, inputs["path"], inputs["graphVersion"])

    async def evidence(self, inputs: Inputs, graph: Graph) -> Evidence:
        """Return the facts that the inputs name, reduced anew. Raises OtherFacts, NotAgain (another reducer)."""
        told: Inputs = inputs["evidence"]
        if "enrollmentId" not in told:
            return _same_facts(told, Evidence())
        if told["reducer"] != REDUCER_VERSION:
            raise NotAgain(f"reduced by {told['reducer']}, this program has {REDUCER_VERSION}")
        key = (told["enrollmentId"], told["journalVersion"], told.get("until"), graph.path_id, graph.version)
        if key not in self._facts:
            until = datetime.fromisoformat(told["until"]) if "until" in told else None
            enrollment_id = checked_uuid4(told["enrollmentId"], field="enrollmentId")
            events = await journal.read(self.conn, enrollment_id, limit=int(told["journalVersion"]))
            evidence = evidence_of(replay(events, as_of=until), graph)
            if until is not None and evidence.origin is not None:
                evidence = replace(evidence, origin=replace(evidence.origin, until=until))
            self._facts[key] = evidence
        return _same_facts(told, self._facts[key])


Rule = Callable[[Again, Inputs], Awaitable[Sequence[Verdict[Any]]]]


def decides(rules_version: str) -> bool:
    """Say whether a rule of formation made decisions under this version."""
    return rules_version in RULES or rules_version in NOT_AGAIN


async def recompute_decisions(services: FormationServices, results: Sequence[Mapping[str, Any]]) -> Recomputed:
    """Decide each `DecisionResult` (wire form) again; `decides` must be true of its rulesVersion."""
    faults: list[str] = []
    not_again: Counter[str] = Counter()
    async with services.database.connection() as conn:
        again = Again(services, conn)
        made: dict[tuple[str, str], Sequence[Verdict[Any]] | RuachError] = {}
        for result in results:
            rules, digest = str(result["rulesVersion"]), str(result["inputsHash"])
            if rules in NOT_AGAIN:
                not_again[f"{rules}: {NOT_AGAIN[rules]}"] += 1
                continue
            if (rules, digest) not in made:
                made[rules, digest] = await _decide_again(again, rules, digest)
            found = made[rules, digest]
            if isinstance(found, NotAgain):
                not_again[f"{rules}: {found}"] += 1
            elif isinstance(found, RuachError):
                faults.append(f"{result['decision']}: {found}")
            elif not any(_same(result, verdict) for verdict in found):
                faults.append(f"{result['decision']}: the rule does not say this ({'; '.join(result['reasons'])})")
    return Recomputed(tuple(faults), dict(not_again))


async def _decide_again(again: Again, rules: str, digest: str) -> Sequence[Verdict[Any]] | RuachError:
    inputs = await stored_inputs(again.conn, digest)
    if inputs is None:
        return RuachError(f"its inputs ({digest[:12]}) are not stored")
    try:
        return await RULES[rules](again, inputs)
    except RuachError as error:
        return error
    except (KeyError, TypeError, ValueError) as error:
        return RuachError(f"its inputs ({digest[:12]}) are not those of {rules}: {error!r}")


async def _next(again: Again, inputs: Inputs) -> Sequence[Verdict[Any]]:
    graph = await again.graph(inputs)
    evidence = await again.evidence(inputs, graph)
    as_of = datetime.fromisoformat(inputs["asOf"])
    return [step.verdict for step in rank_next_steps(graph, evidence, as_of=as_of, limit=inputs["limit"])]


async def _gate(again: Again, inputs: Inputs) -> Sequence[Verdict[Any]]:
    graph = await again.graph(inputs)
    evidence = await again.evidence(inputs, graph)
    return [can_access_node(graph, evidence, inputs["node"], as_of=datetime.fromisoformat(inputs["asOf"])).verdict]


async def _score(again: Again, inputs: Inputs) -> Sequence[Verdict[Any]]:
    began = None if inputs["phaseBegan"] is None else datetime.fromisoformat(inputs["phaseBegan"])
    phase = inputs["phase"]
    evidence = Evidence(
        completed={name: began or _SOME_TIME for name, read in inputs["sections"].items() if read},
        reflection_quality={name: quality for name, quality in inputs["reflections"].items() if quality},
        checkpoints_passed=frozenset(name for name, passed in inputs["checkpoints"].items() if passed),
        active_days={phase: frozenset(map(date.fromisoformat, inputs["activeDays"]))},
        phase_started={phase: began} if began else {},
    )
    as_of, threshold_bp = datetime.fromisoformat(inputs["asOf"]), inputs["thresholdBp"]
    graph = await again.graph(inputs)
    return [compute_formation_score(graph, evidence, phase, as_of=as_of, threshold_bp=threshold_bp).verdict]


async def _covenant(again: Again, inputs: Inputs) -> Sequence[Verdict[Any]]:
    graph, covenant = await again.graph(inputs), inputs["covenant"]
    if "limit" in inputs:
        steps = steps_under(covenant, graph, Evidence(), as_of=_SOME_TIME, limit=inputs["limit"])
        return [step.verdict for step in steps]
    node = inputs["node"]
    evidence = Evidence(unlocked=frozenset([node] if inputs["kept"] else []))
    return [access_under(covenant, graph, evidence, node, as_of=_SOME_TIME).verdict]


async def _attempt(again: Again, inputs: Inputs) -> Sequence[Verdict[Any]]:
    node = Node(inputs["node"], 0, "awakening", "checkpoint", "", "", pass_quality=inputs["passQuality"])
    as_of = datetime.fromisoformat(inputs["asOf"])
    return [judge_attempt(node, inputs["quality"], as_of=as_of, failures=inputs["failures"]).verdict]


async def _retrieval(_: Again, inputs: Inputs) -> Sequence[Verdict[Any]]:
    return [decide(inputs)[1]]


async def _privilege(_: Again, inputs: Inputs) -> Sequence[Verdict[Any]]:
    return [decide_privilege(inputs)]


async def _canon(_: Again, inputs: Inputs) -> Sequence[Verdict[Any]]:
    return [decide_reading(inputs)]


RULES: dict[str, Rule] = {
    NEXT_RULES: _next, GATE_RULES: _gate, SCORE_RULES: _score, COVENANT_RULES: _covenant, ATTEMPT_RULES: _attempt,
    RETRIEVAL_RULES: _retrieval, PRIVILEGE_RULES: _privilege, CANON_RULES: _canon,
}  # fmt: skip
NOT_AGAIN: dict[str, str] = {
    RUBRIC_VERSION: "the text of a reflection is not kept with its decision",
    READINESS_RULES: "its counts are kept as a hash",
}


def _same_facts(told: Inputs, evidence: Evidence) -> Evidence:
    found = named(evidence)
    if found != dict(told):
        raise OtherFacts(f"the journal gives {found}", subject=str(told), remedy="Compare the journal with a backup.")
    return evidence


def _same(result: Mapping[str, Any], verdict: Verdict[Any]) -> bool:
    return (
        result["decision"] == verdict.decision
        and list(result["reasons"]) == list(verdict.reasons)
        and result["inputsHash"] == verdict.inputs_hash
        and result.get("confidence") == verdict.confidence
    )
