"""Each code that a formation-state job can die of has the playbook's cause; what the playbook does not know has none."""

import pytest

from ruach_studio.formation.entrypoints.jobs import hooks
from ruach_studio.formation.repair import JournalUnreadable
from ruach_studio.formation.state import OutOfOrder
from ruach_studio.formation.store.graphs import GraphVersionNotFound
from ruach_studio.formation.store.journal import DuplicateEvent, EnrollmentNotFound
from ruach_studio.formation.triage import PLAYBOOK, triage_of
from ruach_studio.infra.queues.failure import describe
from ruach_studio.kernel.errors import BadInput, Unavailable


@pytest.mark.parametrize(
    ("error", "cause", "requeue"),
    [
        (DuplicateEvent("twice"), 1, False),
        (GraphVersionNotFound("gone"), 2, False),
        (BadInput("quality 1200 is outside 0..1000"), 3, True),
        (JournalUnreadable("event 3"), 3, True),
        (OutOfOrder("unknown type"), 3, True),
        (KeyError("phase"), 3, True),
        (TypeError("None is no number"), 3, True),
    ],
)
def test_causes(error, cause, requeue):
    found = triage_of(describe(error).code)
    assert (found["cause"], found["safeToRequeue"]) == (cause, requeue)
    assert all(found[name] for name in ("title", "checkFirst", "instead", "escalateWhen"))


@pytest.mark.parametrize("error", [Unavailable("busy"), EnrollmentNotFound("x"), RuntimeError("?")])
def test_what_the_playbook_does_not_know(error):
    assert triage_of(describe(error).code) is None


def test_the_playbook_has_the_specifications_three_rows():
    assert [PLAYBOOK[cause]["title"] for cause in (1, 2, 3)] == [
        "Duplicate event rejected", "Graph node not found", "Score computation error",
    ]  # fmt: skip


def test_every_job_of_the_queue_is_triaged():
    found = hooks(None)
    assert {name for _, name in found} == {"project", "assess"}
    error = describe(GraphVersionNotFound("gone"))
    assert {each.triage(None, error)["cause"] for each in found.values()} == {2}
