"""Turn an EDL's state and an action into its next state, or refuse: draft -> in_review -> approved -> locked.

Only what was submitted can be approved, only what is approved locks, and only a locked EDL renders. An edit after
approval takes the approval back. Locked is for ever: a change means a new draft (restore_edl.py).
"""

from typing import Literal, get_args

from ruach_studio.assembly.edl_model import Status
from ruach_studio.kernel.errors import Conflict

Action = Literal["submit", "withdraw", "approve", "lock", "edit"]

_NEXT: dict[tuple[Status, Action], Status] = {
    ("draft", "edit"): "draft", ("draft", "submit"): "in_review",
    ("in_review", "edit"): "in_review", ("in_review", "withdraw"): "draft", ("in_review", "approve"): "approved",
    ("approved", "edit"): "draft", ("approved", "withdraw"): "draft", ("approved", "lock"): "locked",
}  # fmt: skip
_REMEDY: dict[tuple[Status, Action], str] = {
    ("draft", "approve"): "Submit it for review first.", ("draft", "lock"): "Submit and approve it first.",
    ("in_review", "lock"): "Approve it first.", ("in_review", "submit"): "It is already in review.",
    ("approved", "submit"): "It is approved already; lock it.", ("approved", "approve"): "It is approved already; lock it.",
}  # fmt: skip


class EdlStateConflict(Conflict):
    """The EDL's state does not allow this."""

    code = "edl_state"


class EdlIsLocked(EdlStateConflict):
    """The EDL is locked."""

    code = "edl_locked"


def next_state(current: Status, action: Action) -> Status:
    """Return the state that `action` leads to. Raises EdlIsLocked or EdlStateConflict (409), naming the remedy."""
    if action not in get_args(Action):
        raise ValueError(f"{action!r} is not an action")
    following = _NEXT.get((current, action))
    if following is not None:
        return following
    if current == "locked":
        raise EdlIsLocked(
            f"it is locked, so nobody can {action} it", subject="edl",
            remedy="Start a new draft from it (`POST …/edl/restore`, this version twice).",
        )  # fmt: skip
    raise EdlStateConflict(
        f"an EDL that is {current} cannot go through '{action}'", subject="edl", remedy=_REMEDY.get((current, action), "")
    )
