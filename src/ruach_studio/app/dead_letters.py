"""Turn the pillars' playbooks into one table by queue and by event consumer."""

from collections.abc import Mapping
from typing import Any

from ruach_studio.assembly import triage as assembly
from ruach_studio.formation import triage as formation
from ruach_studio.infra.dead_letters import Playbook, Playbooks
from ruach_studio.kernel.playbook import Row, WayBack
from ruach_studio.render import triage as render


def playbooks() -> Playbooks:
    """Return how the dead letters of every queue and every consumer are judged."""

    def of_assembly(queue: str) -> Playbook:
        return Playbook(
            lambda code, message: assembly.triage_of(queue, code, message),
            lambda name, _id, payload, row: assembly.ways_back(name, payload, row),
        )

    def renders_back(name: str, job_id: str, payload: Mapping[str, Any], row: Row) -> tuple[WayBack, ...]:
        return render.ways_back(job_id, payload, row) if name == "render" else ()

    of_render = Playbook(lambda code, _message: render.triage_of(code), renders_back)
    of_formation = Playbook(
        lambda code, _message: formation.triage_of(code),
        lambda name, _id, payload, row: formation.ways_back(name, payload, row),
    )
    heard_by_formation = Playbook(lambda code, _message: formation.triage_event(code), lambda *_: ())
    heard_by_assembly = Playbook(lambda *_: None, lambda *_: ())  # no row of a job fits an event: shown as unknown
    return {
        "assembly-jobs": of_assembly("assembly-jobs"), "media-transcoding": of_assembly("media-transcoding"),
        "render-jobs": of_render, "formation-state": of_formation,
        "assembly.sessions": heard_by_assembly, "render.keep-locked-edl": of_render,
        "formation.keep-artifact": heard_by_formation,
    }  # fmt: skip
