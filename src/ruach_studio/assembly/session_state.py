"""Turn a session's state and what happens to it into its next state, or refuse.

draft -> ingesting -> syncing -> needs-review -> synced -> editing -> rendering -> published -> archived. New footage or a
new sync leads back; a failed sync returns to ingesting, where the footage is. A sync waits for a person in
needs-review, however sure it is. Assembling again after publication starts a new draft (editing).
"""

from typing import Literal

from ruach_studio.kernel.errors import Conflict

State = Literal[
    "draft", "ingesting", "syncing", "needs-review", "synced", "editing", "rendering", "published", "archived"
]  # fmt: skip
Happening = Literal[
    "asset-added", "sync-started", "sync-failed", "sync-finished", "sync-accepted", "assembled", "edl-locked",
    "render-published", "archived",
]  # fmt: skip

STATES: tuple[State, ...] = (
    "draft", "ingesting", "syncing", "needs-review", "synced", "editing", "rendering", "published", "archived",
)  # fmt: skip
_AFTER: dict[Happening, tuple[frozenset[State], State]] = {
    "asset-added": (frozenset(("draft", "ingesting", "needs-review", "synced")), "ingesting"),
    "sync-started": (frozenset(("ingesting", "needs-review", "synced", "editing")), "syncing"),
    "sync-failed": (frozenset(("syncing",)), "ingesting"),
    "sync-finished": (frozenset(("syncing",)), "needs-review"),
    "sync-accepted": (frozenset(("needs-review", "synced", "editing")), "synced"),
    "assembled": (frozenset(("synced", "editing", "rendering", "published")), "editing"),
    "edl-locked": (frozenset(("synced", "editing")), "rendering"),
    "render-published": (frozenset(("rendering", "published")), "published"),
    "archived": (frozenset(state for state in STATES if state not in ("syncing", "archived")), "archived"),
}
_REMEDY: dict[Happening, str] = {
    "asset-added": "Wait for the sync to end, or make a new session.",
    "sync-started": "Register at least two cameras, and wait for a running sync to end.",
    "sync-accepted": "Run the sync first.",
    "assembled": "Approve the sync first.",
    "edl-locked": "Assemble the session first.",
}


class SessionStateConflict(Conflict):
    """The session's state does not allow this."""

    code = "session_state"


def after(current: State, happening: Happening) -> State:
    """Return the state that follows. Raises SessionStateConflict (409), naming the remedy."""
    allowed, following = _AFTER[happening]
    if current not in allowed:
        raise SessionStateConflict(
            f"a session that is {current} cannot go through '{happening}'", subject="session",
            remedy=_REMEDY.get(happening, ""),
        )  # fmt: skip
    return following
