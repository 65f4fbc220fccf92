"""Draw an EDL with Remotion's CLI: `python bench/render_remotion.py SITES [EDL OUT]`; without EDL and OUT only bundle.

For `bench/render_speed.py --remotion "python bench/render_remotion.py SITES"`, which measures it. Needs `make remotion` and
a Chromium. Make the bundle in SITES first, or its making is measured with the drawing.
"""

import asyncio
import json
import sys
from pathlib import Path

from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.remotion_cli import RemotionCliRunner
from ruach_studio.render.runners.remotion_site import ensure_site
from ruach_studio.render.runners.remotion_tools import find_tools


async def draw(sites: Path, plan: RenderPlan | None, folder: Path) -> Path | None:
    """Bundle if need be, and draw the plan, if there is one, in `folder`."""
    tools = find_tools(sites)
    await ensure_site(tools, asyncio.Event())
    if plan is None:
        return None
    made = await RemotionCliRunner(tools).render(plan, folder, lambda _: None, asyncio.Event())
    return made.path


def main(sites: str, edl: str | None = None, out: str | None = None) -> None:
    """Read the EDL and put the film where it is wanted."""
    plan = None if edl is None else plan_render(json.loads(Path(edl).read_text()), PRESETS["full_16_9"])
    made = asyncio.run(draw(Path(sites), plan, Path(f"{out}.work")))
    if made is not None and out is not None:
        made.replace(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
