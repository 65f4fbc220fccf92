"""Turn the playbooks of the pillars that a process serves into one table by queue and by event consumer."""

from ruach_studio.app.parts import each_part
from ruach_studio.app.wiring import Services
from ruach_studio.infra.dead_letters import Playbooks


def playbooks(services: Services) -> Playbooks:
    """Return how the dead letters of every queue and consumer served here are judged."""
    return {name: book for _, found in each_part(services, lambda part: part.playbooks) for name, book in found.items()}
