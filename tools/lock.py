"""Resolve pyproject.toml into requirements.lock: every version and hash, for every platform, no download address."""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Write requirements.lock. Needs `uv` on the PATH or as a module; exits with its return code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
        "editables",  # hatchling asks for it when it installs a project in place
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".in") as source:
        source.write("\n".join(wanted) + "\n")
        source.flush()
        command = [
            "uv", "pip", "compile", source.name, "--universal", "--python-version", "3.11",
            "--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header",
            "--output-file", str(ROOT / "requirements.lock"),
        ]  # fmt: skip
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
