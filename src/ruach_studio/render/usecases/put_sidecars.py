"""Turn a plan's captions and chapters into objects beside the video's: same key, other ending."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from ruach_studio.infra.storage.port import StoredObject
from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.sidecars import sidecars

Put = Callable[[str, Path, str], Awaitable[StoredObject]]
Delete = Callable[[str], Awaitable[bool]]


async def put_sidecars(
    plan: RenderPlan, video_key: str, folder: Path, put: Put, delete: Delete
) -> tuple[Mapping[str, Any], ...]:
    """Store every file of `plan` and return {name, key, url, contentType, sizeBytes, sha256} of each.

    `video_key` is the video's; if the job is cancelled meanwhile, that and what is stored already are deleted again.
    """
    stored: list[Mapping[str, Any]] = []
    try:
        for each in sidecars(plan):
            path = folder / each.name
            await asyncio.to_thread(path.write_text, each.text, "utf-8")
            made = await put(f"{video_key.rpartition('.')[0]}.{each.name}", path, each.content_type)
            stored.append({
                "name": each.name, "key": made.key, "url": made.url, "contentType": each.content_type,
                "sizeBytes": made.size_bytes, "sha256": made.sha256,
            })  # fmt: skip
    except Cancelled:
        await delete_all([video_key, *(file["key"] for file in stored)], delete)
        raise
    return tuple(stored)


async def delete_all(keys: list[str], delete: Delete) -> None:
    """Delete these objects, one after another."""
    for key in keys:
        await delete(key)
