"""Turn dead letters into what an operator decides by: the playbook's row, counters, every attempt, the way back."""

from ruach_studio.infra.dead_letters.board import DeadLetterNotFound, Page, Shown, list_letters, show_letter
from ruach_studio.infra.dead_letters.commands import LetterClosed, NotDiscardable, commands
from ruach_studio.infra.dead_letters.playbooks import Playbook, Playbooks

__all__ = [
    "DeadLetterNotFound", "LetterClosed", "NotDiscardable", "Page", "Playbook", "Playbooks", "Shown", "commands",
    "list_letters", "show_letter",
]  # fmt: skip
