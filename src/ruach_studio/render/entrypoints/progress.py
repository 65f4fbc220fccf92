"""Turn the state of a job's execution into what a follower is told: numbers, and one line that a person reads.

The stream of the API and the bars of the command line say the same.
"""

from collections.abc import Mapping
from typing import Any

# The queue's words for an execution, in the words of a render job.
_STATUS = {"running": "processing"}
HELD = "held back: the render queue is too deep; an operator resumes it (queue.resume)"
_DOING = {
    "preflight": "checking footage and room", "normalize": "mastering the sound", "upload": "storing",
}  # fmt: skip


def shown(job_id: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a follower's view of `state`, as infra's `follow` yields it. `progress` never falls; 1 is only the end."""
    progress, result, error = (state.get(key) or {} for key in ("progress", "result", "error"))
    status = _STATUS.get(state["state"], state["state"])
    waiting_for = progress.get("waitingFor") if status == "processing" else None
    done = 1.0 if status == "completed" else progress.get("progress", 0.0)
    view = {
        "renderJobId": job_id, "status": status, "step": progress.get("step"), "progress": done,
        "percent": round(100 * done, 1), "fps": progress.get("fps"), "etaSeconds": progress.get("etaSeconds"),
        "frames": progress.get("frames"), "totalFrames": progress.get("totalFrames"),
        "outputUrl": result.get("outputUrl"),
        "error": {"code": error.get("code"), "message": error.get("message")} if error else None,
        "retriedAs": state.get("retriedAs"), "waitingReason": HELD if state.get("held") else waiting_for,
    }  # fmt: skip
    return {**view, "message": _message(view)}


def _message(view: Mapping[str, Any]) -> str:
    status, step, error = str(view["status"]), str(view["step"]), view["error"]
    if status == "processing":
        return str(view["waitingReason"] or _drawing(view)) if step == "render" else _DOING.get(step, "starting")
    if status == "completed":
        return f"published at {view['outputUrl']}" if view["outputUrl"] else "published"
    if error:
        after = f"; tried again as {view['retriedAs']}" if view["retriedAs"] else ""
        return f"{error['message']}{after}"
    if view["waitingReason"]:
        return str(view["waitingReason"])
    return {"queued": "waiting for a worker", "cancelled": "cancelled"}.get(status, status)


def _drawing(view: Mapping[str, Any]) -> str:
    if not view["totalFrames"]:
        return "drawing"
    pace = f", {view['fps']:.0f} fps" if view["fps"] else ""
    left = f", {view['etaSeconds']:.0f} s left" if view["etaSeconds"] is not None else ""
    return f"frame {view['frames']} of {view['totalFrames']}{pace}{left}"
