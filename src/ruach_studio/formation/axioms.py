"""Turn the canon's axioms into what a node may cite and what a member may read: `canon-v1`.

An axiom is a definition that the path stands on. At save of a graph: a node names at most 4 axioms, each of which exists; an
axiom of tier 3 or 4 needs one of tier 1 or 2 on the same node; the best tier meets the node type (Warfare 1, any other 2).
A node without axioms is not looked at.
A member may read an axiom once its phase is reached (awakening is reached by entering the covenant); what was read once
stays open; a resource explorer reaches no phase but the first. Reading a definition for the first time is
`canon_definition_viewed`; naming it in one's own words in a reflection, after having read it, is `canon_axiom_cited`: once
per reflection and axiom. Neither opens anything; readiness.py counts both.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ruach_studio.formation.graph import PHASES, Node, Phase, phase_rank
from ruach_studio.formation.graph_faults import Fault
from ruach_studio.formation.guidebook import SENSITIVITIES
from ruach_studio.formation.privileges import rank_reached
from ruach_studio.formation.rubric_words import is_own_sentence, sentences_of, words_of
from ruach_studio.formation.state_facts import FormationState
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash

CANON_RULES = "canon-v1"
CANON_LEVELS = ("Foundation", "Core", "Support", "Corrective")
CATEGORIES = ("Scripture", "God", "Christ", "Spirit", "Salvation", "Church", "Warfare")
LOWEST_TIER = 4
MOST_PER_NODE = 4
ANCHOR_TIER = 2
_BEST_TIER = {"Warfare": 1}  # node type -> the tier that its best axiom must have; any other type: ANCHOR_TIER
_ID = re.compile(r"axiom-[a-z0-9]+(?:-[a-z0-9]+)*")
_MOST_ID, _MOST_TITLE, _MOST_DEFINITION = 64, 120, 4000


@dataclass(frozen=True, slots=True)
class Axiom:
    """One axiom. `tier` 1 is the highest; `related`: ids of other axioms; `number` orders the list."""

    axiom_id: str
    number: int
    title: str
    definition: str
    canon_level: str
    tier: int
    category: str
    sensitivity: str
    unlock_phase: Phase
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether a member may read an axiom, and the inputs that the verdict's hash covers."""

    verdict: Verdict[Literal["granted", "gated"]]
    inputs: Mapping[str, object]


def checked_axiom(axiom: Axiom, known: Mapping[str, Axiom]) -> Axiom:
    """Return `axiom` if it may stand beside the `known` ones (its own older form may be among them); else raise BadInput."""
    others = {name: each for name, each in known.items() if name != axiom.axiom_id}
    numbers = {each.number: name for name, each in others.items()}
    rules: tuple[tuple[bool, str, str, str], ...] = (
        (bool(_ID.fullmatch(axiom.axiom_id)) and len(axiom.axiom_id) <= _MOST_ID, "axiomId", axiom.axiom_id,
         f"Use axiom- and lower-case letters, digits and dashes, at most {_MOST_ID}."),
        (axiom.number >= 1, "number", str(axiom.number), "Count from 1."),
        (axiom.number not in numbers, "number", f"{axiom.number}, that of {numbers.get(axiom.number)}",
         "Take a free one."),
        (0 < len(axiom.title.strip()) <= _MOST_TITLE, "title", axiom.title[:40], f"Write 1 to {_MOST_TITLE} characters."),
        (0 < len(axiom.definition.strip()) <= _MOST_DEFINITION, "definition", axiom.definition[:40],
         f"Write 1 to {_MOST_DEFINITION} characters."),
        (axiom.canon_level in CANON_LEVELS, "canonLevel", axiom.canon_level, f"Choose {', '.join(CANON_LEVELS)}."),
        (1 <= axiom.tier <= LOWEST_TIER, "tier", str(axiom.tier), f"Choose 1 (highest) to {LOWEST_TIER}."),
        (axiom.category in CATEGORIES, "category", axiom.category, f"Choose {', '.join(CATEGORIES)}."),
        (axiom.sensitivity in SENSITIVITIES, "sensitivity", axiom.sensitivity, f"Choose {', '.join(SENSITIVITIES)}."),
        (axiom.unlock_phase in PHASES, "unlockPhase", str(axiom.unlock_phase), f"Choose {', '.join(PHASES)}."),
        (set(axiom.related) <= others.keys() and len(set(axiom.related)) == len(axiom.related), "related",
         ", ".join(axiom.related), "Name other axioms that exist, each once."),
    )  # fmt: skip
    for holds, subject, found, remedy in rules:
        if not holds:
            raise BadInput(f"it is {found!r}", subject=subject, remedy=remedy)
    return axiom


def axiom_faults(nodes: Iterable[Node], axioms: Mapping[str, Axiom]) -> list[Fault]:
    """Return the faults of the axioms that nodes name, in the order of `nodes`; `axioms`: the whole canon by id."""
    return [fault for node in nodes if node.axioms for fault in _node_faults(node, axioms)]


def may_read(axiom: Axiom, state: FormationState) -> Reading:
    """Decide whether the member may read the definition. Rules: module docstring."""
    inputs: dict[str, Any] = {
        "axiom": axiom.axiom_id, "unlockPhase": axiom.unlock_phase, "phaseRank": max(rank_reached(state), 1),
        "covenant": state.covenant, "viewed": axiom.axiom_id in state.axioms_viewed,
    }  # fmt: skip
    return Reading(decide_reading(inputs), inputs)


def decide_reading(inputs: Mapping[str, Any]) -> Verdict[Literal["granted", "gated"]]:
    """Return the verdict on the inputs that `may_read` gathers (also for an audit that asks again)."""
    decision, reason = _decide(inputs, inputs["unlockPhase"], PHASES[inputs["phaseRank"] - 1])
    return Verdict(decision, (reason,), inputs_hash(inputs), CANON_RULES)


def cited_in(text: str, axioms: Iterable[Axiom], viewed: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the axioms that a reflection cites, in the order of their numbers.

    Cited is what was viewed and stands by its whole title in a sentence of one's own (rubric_words.is_own_sentence: five
    words, the first person, one word in five a function word): a list of terms cites nothing.
    """
    known = set(viewed)
    own = [f" {' '.join(sentence)} " for sentence in sentences_of(text) if is_own_sentence(sentence)]
    terms = sorted((axiom.number, axiom.axiom_id, " ".join(words_of(axiom.title))) for axiom in axioms)
    return tuple(name for _, name, term in terms if name in known and any(f" {term} " in sentence for sentence in own))


def _decide(inputs: Mapping[str, Any], phase: Phase, reached: Phase) -> tuple[Literal["granted", "gated"], str]:
    if inputs["viewed"]:
        return "granted", "read before; what was read stays open"
    if phase_rank(reached) >= phase_rank(phase):
        return "granted", f"{phase} is reached"
    if inputs["covenant"] == "resource_explorer":
        return "gated", f"it opens with {phase}, which the formation_journey covenant leads to"
    return "gated", f"it opens with {phase}; you are in {reached}"


def _node_faults(node: Node, axioms: Mapping[str, Axiom]) -> list[Fault]:
    faults: list[Fault] = []
    names = tuple(dict.fromkeys(node.axioms))
    if len(names) > MOST_PER_NODE:
        faults.append(Fault("too-many-axioms", (node.node_id,), f"{node.node_id!r} names {len(names)} axioms",
                            f"Keep the {MOST_PER_NODE} that it stands on."))  # fmt: skip
    for name in names:
        if name not in axioms:
            faults.append(Fault("unknown-axiom", (node.node_id,), f"{node.node_id!r} names {name!r}, which is no axiom",
                                "Write that axiom first, or take the name out."))  # fmt: skip
    found = [axioms[name] for name in names if name in axioms]
    if found:
        faults += _tier_faults(node, found)
    return faults


def _tier_faults(node: Node, found: Sequence[Axiom]) -> list[Fault]:
    best = min(each.tier for each in found)
    if best > ANCHOR_TIER:
        listed = ", ".join(f"{each.axiom_id} (tier {each.tier})" for each in found)
        return [Fault("unanchored-axiom", (node.node_id,), f"{node.node_id!r} names {listed} and none of tier 1 or 2",
                      "Add an axiom of tier 1 or 2 that they rest on.")]  # fmt: skip
    asked = _BEST_TIER.get(node.node_type or "", ANCHOR_TIER)
    if best > asked:
        return [Fault("axiom-tier", (node.node_id,),
                      f"{node.node_id!r} is of the type {node.node_type}, and its best axiom is of tier {best}",
                      f"Add an axiom of tier {asked}.")]  # fmt: skip
    return []
