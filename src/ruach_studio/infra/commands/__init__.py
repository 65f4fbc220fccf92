"""Turn the recovery commands of all pillars into one registry: listed, run with a reason, audited, confirmed by a second."""

from ruach_studio.infra.commands.command import Answer, Call, Command, CommandNotFound, CommandRegistry
from ruach_studio.infra.commands.confirmations import (
    ConfirmationNotFound,
    NotPending,
    SamePerson,
    confirm,
    list_confirmations,
    reject,
)  # fmt: skip
from ruach_studio.infra.commands.perform import AlreadyRequested, Commanding, Outcome, perform
from ruach_studio.infra.commands.store import Confirmation

__all__ = [
    "AlreadyRequested", "Answer", "Call", "Command", "CommandNotFound", "CommandRegistry", "Commanding", "Confirmation",
    "ConfirmationNotFound", "NotPending", "Outcome", "SamePerson", "confirm", "list_confirmations", "perform", "reject",
]  # fmt: skip
