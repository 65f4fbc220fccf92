"""Turn a finished chunk into one that counts as finished: its own name, and beside it a note with its checksum."""

import hashlib
import json
import os
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep(part: Path, path: Path, frames: int) -> None:
    """Give the finished chunk its name; the note with its checksum comes last, and only both together count."""
    os.replace(part, path)
    path.with_suffix(".json").write_text(json.dumps({"frames": frames, "sha256": sha256_of(path)}))


def is_kept(path: Path, frames: int) -> bool:
    """Say whether the chunk is there with its note, and its bytes are the noted ones."""
    note = path.with_suffix(".json")
    if not (path.is_file() and note.is_file()):
        return False
    try:
        facts = json.loads(note.read_text())
    except ValueError:  # the note was cut off by a crash: make the chunk again
        return False
    return bool(facts == {"frames": frames, "sha256": sha256_of(path)})


def looks_kept(path: Path) -> bool:
    """Say whether the chunk is there with its note; its bytes are not read, so that one may ask often."""
    return path.is_file() and path.with_suffix(".json").is_file()
