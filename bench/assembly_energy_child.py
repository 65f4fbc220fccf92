"""Do what bench/assembly_energy.py measures of ours, in a process that imports nothing else.

python bench/assembly_energy_child.py listen FILE
python bench/assembly_energy_child.py draft FILE...
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path


async def child(what: str, files: list[Path]) -> None:
    """Listen to one file, or make a draft of three, without anything kept from before."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if what == "listen":
            from ruach_studio.assembly.usecases.listen import listen

            await listen(files[0], scratch)
            return
        from ruach_studio.assembly.usecases.draft import CameraFiles, draft

        cameras = [CameraFiles(file.name.partition("-")[0], (file,)) for file in files]
        made = await draft("bench", cameras, scratch=scratch)
        offsets = {placed.camera_id: placed.offset_s for placed in made.solution.placements}
        print(json.dumps({"offsets": offsets, "cuts": len(made.edl.program)}))


if __name__ == "__main__":
    asyncio.run(child(sys.argv[1], [Path(name) for name in sys.argv[2:]]))
