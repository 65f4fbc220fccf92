"""Do what bench/assembly.py measures of ours, in a process that imports nothing else: footage and measuring stay outside.

python bench/assembly_child.py [--sync-only] SCRATCH FILE...
"""

import asyncio
import json
import sys
from pathlib import Path

from ruach_studio.assembly.energy import energy_matrix
from ruach_studio.assembly.sync import align
from ruach_studio.assembly.usecases.listen import listen_all


async def ours(scratch: Path, files: list[Path], sync_only: bool = False) -> None:
    """Decode, sync and measure; print the placements."""
    digests = await listen_all(files, scratch)
    tracks = {file.stem: [digest] for file, digest in zip(files, digests, strict=True)}
    solution = align(tracks, files[0].stem)
    for window_ms in () if sync_only else (500, 100):
        energy_matrix(tracks, solution.placements, window_ms, digests[0].duration_s)
    places = {p.camera_id: [p.offset_s, p.drift_ppm, p.confidence] for p in solution.placements}
    print(json.dumps(places))


if __name__ == "__main__":
    only = sys.argv[1] == "--sync-only"
    folder, *names = sys.argv[2 if only else 1 :]
    asyncio.run(ours(Path(folder), [Path(name) for name in names], only))
