"""Turn the tree into a list of broken house rules that no other linter sees. Exit 1 if there is one.

Checked: no hand-written source file above 250 physical lines; no registry or download address in a lock file; no
machine path; rules import no model or ML package; no dynamic import around the import contracts.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 250
SOURCES = {".py", ".ts", ".tsx", ".js", ".mjs", ".css", ".sh"}
LOCKS = {"requirements.lock", "package-lock.json"}
ADDRESS = re.compile(r"https?://|file://")
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:home|root|work|Users)/[A-Za-z]")
ML_PACKAGES = {"torch", "tensorflow", "sklearn", "onnxruntime", "transformers", "jax", "xgboost", "openai", "anthropic"}
# tests may name places that must be refused
PATHS_ALLOWED_IN = ("tests/",)


def main() -> int:
    """Print every fault as `path:line: sentence`; return 1 if there was one."""
    faults = [fault for path in tracked() for fault in faults_of(path)]
    for fault in faults:
        print(fault)
    print(f"check_tree: {len(faults)} faults" if faults else "check_tree: the tree keeps the house rules")
    return 1 if faults else 0


def tracked() -> list[Path]:
    """Return every file that git tracks and that exists."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def faults_of(path: Path) -> Iterator[str]:
    """Yield the faults of one file, or nothing for a file that is not text."""
    name = path.relative_to(ROOT).as_posix()
    try:
        lines = path.read_text().splitlines()
    except UnicodeDecodeError:
        return
    if path.suffix in SOURCES and ".gen." not in path.name and len(lines) > MAX_LINES:
        yield f"{name}:{len(lines)}: {len(lines)} lines; split it by noun or step ({MAX_LINES} at most)"
    for number, line in enumerate(lines, 1):
        if path.name in LOCKS and ADDRESS.search(line):
            yield f"{name}:{number}: a lock file carries no download address"
        if MACHINE_PATH.search(line) and not name.startswith(PATHS_ALLOWED_IN):
            yield f"{name}:{number}: a path of one machine"
    if path.suffix == ".py" and name.startswith("src/"):
        yield from python_faults(name, "\n".join(lines))


def python_faults(name: str, text: str) -> Iterator[str]:
    """Yield what import-linter cannot see: dynamic imports of our own packages, and ML packages anywhere."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            heads = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for head in heads:
                if head.split(".")[0] in ML_PACKAGES:
                    yield f"{name}:{node.lineno}: imports {head}; rules decide here, not models"
        if isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            yield f"{name}:{node.lineno}: a dynamic import goes around the import contracts"
        if isinstance(node, ast.ExceptHandler) and all(isinstance(step, ast.Pass) for step in node.body):
            yield f"{name}:{node.lineno}: a swallowed exception; use contextlib.suppress with a comment, or record it"
        if isinstance(node, ast.keyword) and node.arg == "shell" and getattr(node.value, "value", None) is True:
            yield f"{name}:{node.value.lineno}: starts a shell"


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


if __name__ == "__main__":
    sys.exit(main())
