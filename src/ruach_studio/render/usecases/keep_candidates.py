"""Turn the pictures offered beside a thumbnail into facts of its step, stored objects and rows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruach_studio.infra.storage.port import ChecksumMismatch, StoredObject
from ruach_studio.render.store.artifacts import ArtifactRow
from ruach_studio.render.store.candidates import CandidateRow
from ruach_studio.render.usecases.produce import sha256_of
from ruach_studio.render.usecases.take_thumbnail import Offered

Put = Callable[[str, Path, str], Awaitable[StoredObject]]


def candidate_facts(offered: Sequence[Offered]) -> dict[str, Any]:
    """Return what a step keeps of the pictures (nothing for a video)."""
    if not offered:
        return {}
    return {"candidates": [
        {"file": each.path.name, "sha256": sha256_of(each.path), "frame": each.frame, "camera": each.camera,
         "score": each.score, "reasons": list(each.reasons)} for each in offered
    ]}  # fmt: skip


def all_there(folder: Path, facts: Mapping[str, Any]) -> bool:
    """Say whether every picture of a step is still there with the same bytes."""
    return all(
        (folder / each["file"]).is_file() and sha256_of(folder / each["file"]) == each["sha256"]
        for each in facts.get("candidates", ())
    )


def candidate_keys(key: str, facts: Mapping[str, Any]) -> list[str]:
    """Return where the artifact at `key` and the pictures beside it lie: KEY, KEY-2, KEY-3 …"""
    stem, _, extension = key.rpartition(".")
    return [key, *(f"{stem}-{place}.{extension}" for place in range(2, len(facts.get("candidates", ())) + 1))]


async def put_candidates(artifact: ArtifactRow, facts: Mapping[str, Any], folder: Path, put: Put) -> list[CandidateRow]:
    """Store the pictures beside the artifact, which is the first of them; return their rows."""
    rows = []
    pictures = zip(candidate_keys(artifact.key, facts), facts.get("candidates", ()), strict=False)
    for place, (key, each) in enumerate(pictures, 1):
        url, size = artifact.url, artifact.size_bytes
        if place > 1:
            stored = await put(key, folder / each["file"], artifact.content_type)
            url, size = stored.url, stored.size_bytes
            if stored.sha256 != each["sha256"]:
                raise ChecksumMismatch("the store holds other bytes than were rendered", subject=key)
        rows.append(
            CandidateRow(
                artifact.render_job_id, place, key, url, size, each["sha256"], each["frame"], each["camera"],
                each["score"], each["reasons"],
            )
        )  # fmt: skip
    return rows
