"""Turn the settings into the parts that Remotion needs on this machine, or say which is missing and how to get it.

Remotion is optional: Node.js, a Chromium (never downloaded: Debian's own, found by name) and the packages that
`make remotion` puts below `remotion/`.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import ruach_studio.infra
from ruach_studio.kernel.errors import Unavailable

VERSION = "4.0.527"  # every @remotion package, the deployed function and the Python client must be the same
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
_BESIDE_THE_SOURCE = Path(ruach_studio.infra.__file__).parents[3] / "remotion"
_HOW_TO = "docs/howto/render-with-remotion.md tells more; the runner ffmpeg needs nothing of it"


class RemotionMissing(Unavailable):
    """Something that Remotion needs is not on this machine."""

    code = "remotion_missing"
    retryable = False
    exit_code = 2


@dataclass(frozen=True, slots=True)
class RemotionTools:
    """What was found: programs, the folder with the compositions, and where bundled sites are kept."""

    node: Path
    browser: Path
    folder: Path
    sites: Path


def find_tools(
    sites: Path, *, folder: Path | None = None, browser: Path | None = None, node: Path | None = None
) -> RemotionTools:
    """Return the tools; what is named is used, else it is looked for. Raises RemotionMissing naming what is not there."""
    return RemotionTools(_node(node), _browser(browser), _folder(folder).absolute(), sites.absolute())


def _node(named: Path | None) -> Path:
    found = str(named) if named else shutil.which("node")
    if not found or not os.access(found, os.X_OK):
        remedy = f"Install it (apt-get install nodejs npm), or set RUACH_REMOTION_NODE. {_HOW_TO}"
        raise RemotionMissing("Node.js is not there", subject=str(named or "node"), remedy=remedy)
    return Path(found)


def _browser(named: Path | None) -> Path:
    if named:
        found: str | None = str(named)
    else:
        found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if not found or not os.access(found, os.X_OK):
        remedy = "Install it (apt-get install chromium-headless-shell), or set RUACH_REMOTION_BROWSER"
        raise RemotionMissing("no Chromium is there", subject=str(named or "chromium"), remedy=f"{remedy}. {_HOW_TO}")
    return Path(found)


def _folder(named: Path | None) -> Path:
    folder = named or _BESIDE_THE_SOURCE  # never the current folder: what lies there would be run
    if not (folder / "render.mjs").is_file():
        remedy = f"Set RUACH_REMOTION_DIR to the `remotion` folder of the source. {_HOW_TO}"
        raise RemotionMissing("the compositions are not there", subject=str(folder), remedy=remedy)
    if not (folder / "node_modules" / "@remotion" / "renderer").is_dir():
        remedy = f"Run `make remotion` (npm ci in that folder). {_HOW_TO}"
        raise RemotionMissing("its npm packages are not installed", subject=str(folder), remedy=remedy)
    return folder
