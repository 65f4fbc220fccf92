"""What the tests of the Remotion runners share: the tools of this machine, one bundled site, three odd cameras."""

import asyncio
from pathlib import Path

import pytest

from ruach_studio.render.runners.remotion_site import ensure_site
from ruach_studio.render.runners.remotion_tools import RemotionMissing, find_tools

# Bundling takes 13 s of a quiet machine; a site is named by its content, so a kept one is never a stale one.
SITES = Path(__file__).resolve().parents[3] / "remotion" / "node_modules" / ".cache" / "ruach-sites"


@pytest.fixture(scope="session")
def remotion():
    """Node.js, Chromium and the packages, with the composition bundled; the test is skipped where they are missing."""
    try:
        tools = find_tools(SITES)
    except RemotionMissing as error:
        pytest.skip(f"Remotion is not installed here: {error}")
    asyncio.run(ensure_site(tools, asyncio.Event()))
    return tools


@pytest.fixture(scope="session")
def odd_cameras(tmp_path_factory, make_film, make_clip):
    """A 30 fps; B 25 fps, early, fast clock, an odd name; W 29.97 fps in Matroska, upright, late, slow clock."""
    folder = tmp_path_factory.mktemp("odd")
    a = make_film(folder / "a.mp4", "A", 240)
    b = make_film(folder / "b's [1].mp4", "B", 220, fps="25")
    w = make_film(folder / "w.mkv", "W", 240, fps="30000/1001", size=(180, 320))
    return {
        "A": [make_clip(a, frames=240)],
        "B": [make_clip(b, frames=220, fps="25", offset_ms=-417.3, drift_ppm=83.25)],
        "W": [make_clip(w, frames=240, fps="30000/1001", offset_ms=303.7, drift_ppm=-5000, size=(180, 320))],
    }
