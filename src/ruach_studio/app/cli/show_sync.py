"""Turn a sync into what a person reads at a terminal: places, pairs that contradict, what each sound is worth; or JSON."""

from rich.table import Table

from ruach_studio.app.cli.show import CLASS_STYLE, OUT, line, new_table
from ruach_studio.assembly.edl import sound_order
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.sync import SyncSolution


def print_sync(solution: SyncSolution, sources: SessionSources) -> None:
    """Print the places, then the sound, then every pair that was left out or stays aside."""
    OUT.print(sync_table(solution))
    if solution.sound:
        OUT.print(sound_table(solution))
        line(f"programme sound: {', then '.join(sound_order(sources, solution))}")
    aside = [pair for pair in solution.pairs if pair.reason]
    for pair in aside:
        line(f"{pair.query[0]} clip {pair.query[1] + 1} against {pair.reference[0]} clip {pair.reference[1] + 1}: "
             f"{pair.residual_ms:+.0f} ms, {'used' if pair.used else 'left out'}: {pair.reason}")  # fmt: skip
    if solution.pairs and not aside:
        worst = max(abs(pair.residual_ms) for pair in solution.pairs)
        line(f"{len(solution.pairs)} pairs measured; they agree within {worst:.1f} ms")


def sync_table(solution: SyncSolution) -> Table:
    """Return a row per clip: offset, drift, confidence, class and the first reason."""
    rows = new_table("Sync", "camera", "clip>", "offset s>", "drift ppm>", "confidence>", "verdict", "why")
    for placed in solution.placements:
        master = placed.camera_id == solution.master and placed.clip_index == 0
        style = CLASS_STYLE[placed.classification]
        rows.add_row(
            placed.camera_id, str(placed.clip_index + 1), f"{placed.offset_s:+.4f}", f"{placed.drift_ppm:+.1f}",
            f"{placed.confidence:.2f}", "master" if master else f"[{style}]{placed.classification}[/]",
            placed.reasons[0] if placed.reasons else "",
        )  # fmt: skip
    return rows


def sound_table(solution: SyncSolution) -> Table:
    """Return a row per camera: its score and the reasons."""
    rows = new_table("Sound", "camera", "score>", "why")
    for quality in solution.sound:
        rows.add_row(quality.camera_id, f"{quality.score:.2f}", "; ".join(quality.reasons))
    return rows


def sync_json(solution: SyncSolution) -> dict[str, object]:
    """Return what `--json` prints."""
    return {
        "master": solution.master,
        "placements": [
            {"camera": p.camera_id, "clip": p.clip_index, "offsetMs": p.offset_s * 1000, "driftPpm": p.drift_ppm,
             "confidence": p.confidence, "classification": p.classification, "residualMs": p.residual_ms,
             "placedBy": p.placed_by, "reasons": list(p.reasons),
             "pieces": [{"fromMs": each.from_s * 1000, "offsetMs": each.offset_s * 1000} for each in p.pieces]}
            for p in solution.placements
        ],
        "pairs": [
            {"camera": pair.query[0], "clip": pair.query[1], "referenceCamera": pair.reference[0],
             "referenceClip": pair.reference[1], "offsetMs": pair.offset_s * 1000, "driftPpm": pair.drift_ppm,
             "confidence": pair.confidence, "residualMs": pair.residual_ms, "used": pair.used, "reason": pair.reason}
            for pair in solution.pairs
        ],
        "sound": [
            {"camera": q.camera_id, "score": q.score, "levelDbfs": q.level_dbfs, "floorDbfs": q.floor_dbfs,
             "headroomDb": q.headroom_db, "clippedShare": q.clipped_share, "bandwidthHz": q.bandwidth_hz,
             "reasons": list(q.reasons)}
            for q in solution.sound
        ],
    }  # fmt: skip
