"""Turn services into the registry of all recovery commands: what is not listed here needs a change of code."""

from ruach_studio.app.dead_letters import playbooks
from ruach_studio.app.wiring import Services
from ruach_studio.assembly.entrypoints import commands as assembly_commands
from ruach_studio.formation.entrypoints import commands as formation_commands
from ruach_studio.infra.commands import Commanding, CommandRegistry
from ruach_studio.infra.dead_letters import commands as dead_letter_commands
from ruach_studio.render.entrypoints import commands as render_commands


def commanding(services: Services) -> Commanding:
    """Return what running a recovery command takes, for API and command line alike."""
    every = [
        *render_commands.commands(services),
        *assembly_commands.commands(services),
        *formation_commands.commands(services),
        *dead_letter_commands(services.queue, playbooks()),
    ]
    return Commanding(services.database, CommandRegistry(every), services.clock)
