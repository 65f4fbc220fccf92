"""Turn services into the registry of all recovery commands: what is not listed here needs a change of code."""

from ruach_studio.app.dead_letters import playbooks
from ruach_studio.app.parts import each_part
from ruach_studio.app.wiring import Services
from ruach_studio.infra.commands import Commanding, CommandRegistry
from ruach_studio.infra.dead_letters import commands as dead_letter_commands
from ruach_studio.infra.pressure import commands as queue_commands


def commanding(services: Services) -> Commanding:
    """Return what running a recovery command takes, for API and command line alike."""
    every = [each for _, found in each_part(services, lambda part: part.commands) for each in found]
    every += queue_commands.commands(services.queue)
    every += dead_letter_commands(services.queue, playbooks(services))
    return Commanding(services.database, CommandRegistry(every), services.clock)
