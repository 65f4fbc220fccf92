"""Each kind of fate, with its words: what is done stays done, what was open stays open, what no rule knows is flagged."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ruach_studio.formation.gating import can_access_node
from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.journal import JournalEvent, checked
from ruach_studio.formation.migration import OlderVersion, plan_migration
from ruach_studio.formation.migration_map import Fate, rules_of
from ruach_studio.formation.state import digest, evidence_of, replay

from .conftest import START

LATER = START + timedelta(days=30)


class Log:
    """A journal that grows by plain words; `state` is what it reduces to."""

    def __init__(self):
        self.events = []

    def add(self, kind, node, data, hours=None):
        number = len(self.events) + 1
        at = START + timedelta(hours=number if hours is None else hours)
        event = JournalEvent(f"e{number}", "7", "n1", kind, node, at, data)
        self.events.append((number, checked(event, allow_control=True)))
        return self

    def enroll(self, version=1):
        self.add("enrolled", "ruach", {"pathId": "ruach", "graphVersion": version})
        return self.add("phase_started", "awakening", {"phase": "awakening"})

    def read(self, *nodes, phase="awakening"):
        for node in nodes:
            self.add("section_completed", node, {"sectionId": node, "phase": phase, "totalDwellTimeSeconds": 99})
        return self

    def view(self, node):
        return self.add("section_viewed", node, {"sectionId": node, "phase": "awakening", "dwellTimeSeconds": 1})

    def passes(self, *nodes):
        for node in nodes:
            self.add("checkpoint_completed", node, {
                "checkpointId": node, "sectionId": "", "phase": "awakening", "reflectionId": "", "timeSinceReached": 1,
                "passed": True, "score": 0.9})  # fmt: skip
        return self

    def write(self, node):
        return self.add("reflection_submitted", node, {
            "reflectionId": f"of-{node}", "checkpointId": node, "type": "text", "wordCount": 99,
            "timeSinceCheckpointReached": 1, "phase": "awakening"})  # fmt: skip

    def judge(self, node, depth):
        return self.add("reflection_analyzed", f"of-{node}", {
            "reflectionId": f"of-{node}", "depthScore": depth, "isRegurgitation": False, "showsWrestling": True,
            "doctrinalSoundness": "sound", "recommendedAction": ""})  # fmt: skip

    def migrate(self, plan):
        return self.add("graph_migrated", f"v{plan.to_version}", plan.payload(requested_by="op", reason="new"))

    @property
    def state(self):
        return replay(self.events)


@pytest.fixture
def log():
    return Log().enroll()


def withdrawn(graph, *names):
    return tuple(replace(node, deprecated=node.node_id in names or node.deprecated) for node in graph.nodes)


def told(plan):
    return {each.node_id: each.outcome for each in plan.outcomes}


def words(plan, name):
    return next(each.words for each in plan.outcomes if each.node_id == name)


def move(log, old, new, fates, explicit=None):
    return plan_migration(old, new, rules_of([fates], explicit), log.state, as_of=LATER)


@pytest.fixture
def old(make_node):
    """Two sections, two prompts, two checkpoints of awakening, then a section of separation behind 0.40."""
    return Graph(1, (
        make_node("s1", 1, min_dwell_s=30), make_node("s2", 2, prerequisites=("s1",)),
        make_node("r1", 3, kind="reflection"), make_node("r2", 4, kind="reflection"),
        make_node("c1", 5, kind="checkpoint"), make_node("c2", 6, kind="checkpoint"),
        make_node("t1", 7, 2, prerequisites=("s1",), gate=ScoreGate(4000, "awakening")),
    ))  # fmt: skip


def test_what_is_the_same_is_carried_and_a_change_is_told_to_who_has_done_it(old, log):
    log.read("s1").view("s2")
    first, second, *rest = old.nodes
    new = Graph(2, (replace(first, min_dwell_s=60, content_ref="content/new"), replace(second, title="NEW"), *rest))
    plan = move(log, old, new, {})
    assert told(plan) == {"s1": "carried-changed", "s2": "carried"}
    assert words(plan, "s1") == "changed since it was done: its content, what it asks for"
    assert "s1" in plan.evidence.completed
    assert plan.mapping == {"s1": ("s1",), "s2": ("s2",)}


def test_renamed_and_split(old, log, make_node):
    log.read("s1").view("s2").passes("c1")
    new = Graph(2, (*withdrawn(old, "s1", "s2", "c1"), make_node("n1", 8), make_node("n2", 9), make_node("n3", 10),
                    make_node("d1", 11, kind="checkpoint")))  # fmt: skip
    fates = {"s1": Fate("split", ("n1", "n2")), "s2": Fate("renamed", ("n3",)), "c1": Fate("renamed", ("d1",))}
    plan = move(log, old, new, fates)
    assert told(plan) == {"s1": "split", "s2": "carried", "c1": "carried-changed"}
    assert words(plan, "c1") == "it is called d1 now; changed since it was done: its content, its title or description"
    assert words(plan, "s2") == "it is called n3 now"
    assert plan.mapping["s1"] == ("s1", "n1", "n2")
    assert {"n1", "n2", "s1", "c1", "d1"} <= plan.evidence.completed.keys()
    assert plan.evidence.checkpoints_passed == {"c1", "d1"}
    assert plan.evidence.started.keys() >= {"n3"}
    assert "s2" not in plan.evidence.started, "nobody is sent to the old half-done step beside its heir"
    assert plan.unmappable == ()


@pytest.mark.parametrize(("need", "outcome", "done"), [("all", "partial", False), ("any", "merge", True)])
def test_a_merge_with_one_of_two_parts_done(old, log, make_node, need, outcome, done):
    log.read("s1")
    new = Graph(2, (*withdrawn(old, "s1", "s2"), make_node("m", 8)))
    plan = move(log, old, new, {name: Fate("merge", ("m",), need) for name in ("s1", "s2")})
    assert told(plan) == {"s1": outcome}
    assert ("m" in plan.evidence.completed) is done
    assert "m" in plan.evidence.started, "it is begun with its first part"
    if need == "all":
        assert words(plan, "s1") == "1 of 2 parts of m are done; what is done stays in the history"
        assert (plan.mapping["s1"], plan.merges) == (("s1",), (("m", "s1", "s2"),))
    else:
        assert (plan.mapping["s1"], plan.merges) == (("s1", "m"), ())


def test_a_merge_of_all_parts_is_done_with_the_last_and_worth_their_mean(old, log, make_node):
    log.write("r1").judge("r1", 0.8).write("r2")
    new = Graph(2, (*withdrawn(old, "r1", "r2"), make_node("m", 8, kind="reflection")))
    fates = {name: Fate("merge", ("m",)) for name in ("r1", "r2")}
    plan = move(log, old, new, fates)
    assert told(plan) == {"r1": "partial", "r2": "partial"}
    log.migrate(plan)
    assert "m" not in evidence_of(log.state, new).completed
    log.judge("r2", 0.501)  # it was handed in before, and judged after the migration
    after = evidence_of(log.state, new)
    assert (after.reflection_quality["m"], after.reflection_quality["r1"]) == (650, 800)
    assert after.completed["m"] == after.completed["r2"]
    whole = move(Log().enroll().write("r1").judge("r1", 0.8).write("r2").judge("r2", 0.501), old, new, fates)
    assert (told(whole), whole.evidence.reflection_quality["m"]) == ({"r1": "merge", "r2": "merge"}, 650)


def test_a_withdrawn_node_is_history_and_one_that_is_gone_is_flagged(old, log):
    log.read("s1", "s2").passes("c1")
    new = Graph(2, tuple(n for n in withdrawn(old, "s1") if n.node_id not in ("s2", "c1")))
    plan = move(log, old, new, {"c1": Fate("retired")})
    assert told(plan) == {"s1": "retired-history", "s2": "unmappable", "c1": "retired-history"}
    assert words(plan, "s2") == "version 2 has no node s2, and no mapping names an heir"
    assert plan.report()["unmappable"] == ["s2"]
    assert plan.evidence.completed.keys() >= {"s1", "s2", "c1"}, "history is kept under its old name"
    assert plan.mapping == {"s1": ("s1",), "c1": ()}, "what is unmappable is not in it: it waits for an operator"


def test_an_heir_of_another_kind_or_none_is_not_taken(old, log, make_node):
    log.read("s1").passes("c1")
    new = Graph(2, (*withdrawn(old, "s1", "c1"), make_node("d1", 8, kind="checkpoint")))
    plan = move(log, old, new, {"s1": Fate("renamed", ("d1",)), "c1": Fate("renamed", ("zz",))})
    assert told(plan) == {"s1": "unmappable", "c1": "unmappable"}
    assert words(plan, "s1") == "its heir d1 is a checkpoint, and it was a section"
    assert words(plan, "c1") == "its heir zz is not in version 2"
    assert "d1" not in plan.evidence.completed
    assert plan.evidence.checkpoints_passed == {"c1"}


def test_an_operator_names_the_heir_later(old, log, make_node):
    log.read("s1", "s2")
    new = Graph(2, (*[n for n in old.nodes if n.node_id != "s2"], make_node("n2", 9)))
    log.migrate(move(log, old, new, {}))
    again = plan_migration(new, new, rules_of([], {"s2": ["n2"]}), log.state, as_of=LATER)
    assert told(again) == {"s1": "carried", "s2": "carried"}, "its old form is lost, so that no change can be told"
    assert "n2" in again.evidence.completed
    history = plan_migration(new, new, rules_of([], {"s2": []}), log.state, as_of=LATER)
    assert told(history)["s2"] == "retired-history"
    log.migrate(history)
    later = plan_migration(new, replace(new, version=3), rules_of([{}]), log.state, as_of=LATER)
    assert told(later)["s2"] == "retired-history", "who made it history is not asked again"


def test_what_was_open_stays_open_and_a_lower_score_takes_nothing(old, log, make_node):
    log.read("s1").passes("c1", "c2").write("r1").judge("r1", 1.0)
    assert can_access_node(old, evidence_of(log.state, old), "t1", as_of=LATER).verdict.decision == "granted"
    harder = tuple(replace(n, gate=ScoreGate(9900, "awakening")) if n.node_id == "t1" else n for n in old.nodes)
    extra = (make_node("c3", 8, kind="checkpoint"), make_node("c4", 9, kind="checkpoint"))
    new = Graph(2, (*harder, *extra))
    plan = move(log, old, new, {})
    assert plan.kept_open == ("t1",)
    assert can_access_node(new, plan.evidence, "t1", as_of=LATER).verdict.decision == "granted"
    awakening = plan.scores[0]
    assert awakening.after_bp < awakening.before_bp
    assert awakening.words.endswith("what was open stays open")
    assert "checkpoint passages 2 of 2" in " ".join(awakening.before)
    assert "checkpoint passages 2 of 4" in " ".join(awakening.after)
    assert plan.added == ("c3", "c4")


def test_a_merged_node_opens_only_if_all_parts_were_open(old, log, make_node):
    log.read("s1")  # s2 is open by it, t1 is not: its gate wants 0.40
    gate = ScoreGate(9000, "awakening")
    new = Graph(2, (*withdrawn(old, "s2", "t1", "c1"), make_node("m", 8, gate=gate), make_node("k", 9, gate=gate)))
    fates = {"s2": Fate("merge", ("m",)), "t1": Fate("merge", ("m",))}
    plan = move(log, old, new, fates)
    assert "m" not in plan.kept_open
    assert "s2" in plan.kept_open, "the old part itself was open"
    both = move(log, old, new, {"s2": Fate("merge", ("k",)), "s1": Fate("merge", ("k",))})
    assert "k" in both.kept_open


def test_a_lost_graph_does_not_stand_in_the_way(old, log):
    log.read("s1").passes("c1")
    plan = plan_migration(Graph(1, ()), replace(old, version=2), rules_of([]), log.state, as_of=LATER)
    assert told(plan) == {"c1": "carried", "s1": "carried"}


def test_there_is_no_way_back(old, log):
    with pytest.raises(OlderVersion):
        plan_migration(replace(old, version=2), old, rules_of([]), log.state, as_of=LATER)


def test_the_event_replays_to_what_the_plan_promised(old, log, make_node):
    log.read("s1").write("r1").judge("r1", 0.7)
    new = Graph(2, (*withdrawn(old, "s1", "r1"), make_node("n1", 8), make_node("m", 9, kind="reflection")))
    plan = move(log, old, new, {"s1": Fate("renamed", ("n1",)), "r1": Fate("merge", ("m",)), "r2": Fate("merge", ("m",))})
    log.add("graph_migrated", "v2", plan.payload(requested_by="op", reason="new"), hours=30 * 24)
    assert digest(log.state) == digest(plan.state)
    assert evidence_of(log.state, new) == plan.evidence
