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
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": "", "NO_COLOR": "1", "COLUMNS": "500"}
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


FAULTS = [
    ("pillars", "render/lifecycle.py", "ruach_studio.assembly.session"),
    ("floors", "infra/context.py", "ruach_studio.render.presets"),
    ("assembly-story", "assembly/session.py", "ruach_studio.assembly.edl"),
    ("render-story", "render/presets.py", "ruach_studio.render.plan"),
    ("formation-story", "formation/journal.py", "ruach_studio.formation.store"),
    ("membership-story", "membership/stripe_events.py", "ruach_studio.membership.entitlements"),
    ("pillars", "membership/usecases/take_event.py", "ruach_studio.formation.journal"),
    ("entrypoints", "membership/usecases/take_event.py", "ruach_studio.membership.entrypoints.http"),
    ("pure", "membership/billing.py", "time"),
    ("pure", "assembly/calibration.py", "random"),
    ("pure", "kernel/decision.py", "os"),
    ("entrypoints", "render/usecases/disk.py", "ruach_studio.render.runners"),
]


@pytest.fixture(scope="module")
def found(copy):
    """What is said of each contract, by its name, with all faults planted at once."""
    originals = {copy / "src" / "ruach_studio" / file: "" for _, file, _ in FAULTS}
    for path in originals:
        originals[path] = path.read_text()
        planted = "".join(f"import {module}\n" for _, file, module in FAULTS if path.match(file))
        path.write_text(f"{originals[path]}\n{planted}")
    code, said = lint(copy)
    for path, original in originals.items():
        path.write_text(original)
    assert code != 0
    names = [each["name"] for each in CONFIG["contracts"]]
    broken = said.partition("Broken contracts")[2].split("\n")
    heads = [number for number, line in enumerate(broken) if line in names]
    return {broken[at]: broken[at:end] for at, end in zip(heads, [*heads[1:], len(broken)], strict=True)}


@pytest.mark.parametrize(("contract", "file", "module"), FAULTS)
def test_each_contract_catches_a_planted_fault(found, contract, file, module):
    name = next(each["name"] for each in CONFIG["contracts"] if each["id"] == contract)
    importer = "ruach_studio." + file.removesuffix(".py").replace("/", ".")
    assert [line for line in found[name] if f"{importer} -> {module} (l." in line], found[name]


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
