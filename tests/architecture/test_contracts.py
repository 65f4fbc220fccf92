"""The import contracts hold, each of them catches a planted fault, and the rules run without any shell around them."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder):
    command = [LINT, "--config", folder / "pyproject.toml", "--no-cache"]
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": "", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "speech"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_contract_holds(copy):
    code, said = lint(copy)
    assert code == 0, said
    assert f"Contracts: {len(CONFIG['contracts'])} kept, 0 broken" in said


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [
        ("pillars", "render/lifecycle.py", "import ruach_studio.assembly.session"),
        ("floors", "infra/context.py", "import ruach_studio.render.presets"),
        ("assembly-story", "assembly/session.py", "import ruach_studio.assembly.edl"),
        ("render-story", "render/presets.py", "import ruach_studio.render.plan"),
        ("formation-story", "formation/journal.py", "import ruach_studio.formation.store"),
        ("membership-story", "membership/stripe_events.py", "import ruach_studio.membership.entitlements"),
        ("pillars", "membership/usecases/take_event.py", "import ruach_studio.formation.journal"),
        ("entrypoints", "membership/usecases/take_event.py", "import ruach_studio.membership.entrypoints.http"),
        ("pure", "membership/billing.py", "import time"),
        ("pure", "assembly/calibration.py", "import random"),
        ("pure", "kernel/decision.py", "import os"),
        ("entrypoints", "render/usecases/disk.py", "import ruach_studio.render.runners"),
    ],
)
def test_each_contract_catches_a_planted_fault(copy, contract, file, line):
    name = next(each["name"] for each in CONFIG["contracts"] if each["id"] == contract)
    path = copy / "src" / "ruach_studio" / file
    original = path.read_text()
    try:
        path.write_text(f"{original}\n{line}\n")
        code, said = lint(copy)
    finally:
        path.write_text(original)
    assert code != 0
    assert f"{name} BROKEN" in said


SHELL_LESS = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"fastapi", "sqlalchemy", "pydantic", "bullmq", "av"} or name.startswith(REFUSED):
            raise ImportError(name)
REFUSED = tuple("ruach_studio." + n for n in ("infra", "app", OTHERS))
sys.meta_path.insert(0, Refuse())
"""


@pytest.mark.parametrize(
    ("modules", "others"),
    [
        (["assembly.sync", "assembly.energy", "assembly.angles", "assembly.edl", "assembly.review"], "render"),
        (["render.presets", "render.plan", "render.loudness", "render.lifecycle"], "assembly"),
        (["formation.journal"], "assembly"),
        (["membership.entitlements"], "formation"),
    ],
)
def test_the_rules_import_alone(modules, others):
    lines = [SHELL_LESS.replace("OTHERS", repr(others)), *(f"import ruach_studio.{name}" for name in modules)]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
