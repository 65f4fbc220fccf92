"""Turn the composition and our typefaces into a bundled site that a browser can open, once per content.

Locally it is kept under the data folder; for Lambda the same folder goes to the bucket. The name is the hash of everything
that the site is made of, so a change of the composition makes another one and old chunks are not taken for new ones.
"""

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

import ruach_studio.infra
from ruach_studio.render.runners.remotion_process import run_node
from ruach_studio.render.runners.remotion_props import FontProps
from ruach_studio.render.runners.remotion_tools import VERSION, RemotionTools

FONTS = Path(ruach_studio.infra.__file__).parent / "fonts" / "files"
_WEIGHTS = {"Regular": 400, "Medium": 500, "Bold": 700}


def fonts() -> tuple[FontProps, ...]:
    """Return the typefaces that are shipped with us, in order of their names."""
    return tuple(
        FontProps(family=_family(path.stem), weight=_WEIGHTS.get(path.stem.rpartition("-")[2], 400), file=path.name)
        for path in sorted(FONTS.glob("*.ttf"))
    )


def site_key(folder: Path) -> str:
    """Return the hash of everything that a bundled site is made of."""
    files = [*sorted((folder / "src").rglob("*")), folder / "package-lock.json", *sorted(FONTS.glob("*"))]
    digest = hashlib.sha256(VERSION.encode())
    for path in files:
        if path.is_file():
            digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


async def ensure_site(tools: RemotionTools, cancelled: asyncio.Event) -> Path:
    """Return the folder of the bundled composition, made now if there is none of this content."""
    site = tools.sites / await asyncio.to_thread(site_key, tools.folder)
    if (site / "index.html").is_file():
        return site
    tools.sites.mkdir(parents=True, exist_ok=True)
    part = tools.sites / f"{site.name}.{token_hex(4)}.part"
    empty = part.with_suffix(".public")
    public = FONTS if FONTS.is_dir() else empty
    try:
        empty.mkdir()
        asked = {"entryPoint": str(tools.folder / "src" / "index.ts"), "outDir": str(part), "publicDir": str(public),
                 "rootDir": str(tools.folder)}  # fmt: skip
        await run_node(tools, {"bundle": asked}, _unheard, cancelled, scratch=tools.sites)
        if not site.exists():
            os.replace(part, site)
    except OSError:
        if not (site / "index.html").is_file():  # else another process was quicker
            raise
    finally:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
        await asyncio.to_thread(shutil.rmtree, empty, ignore_errors=True)
    return site


def _unheard(_event: Mapping[str, object]) -> None:
    """Bundling has nothing to tell."""


def _family(stem: str) -> str:
    """Return the typeface's name: NotoSansHebrew-Bold is "Noto Sans Hebrew"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem.partition("-")[0])
