"""Turn an upload in parts into a note on this disk for as long as it runs, so that a killed one can be cleaned away.

S3 keeps (and bills) the parts of an upload until it is completed or aborted. The writer therefore claims it: a small file
with bucket, name and upload id, locked while the writer lives. A claim whose lock is free is a dead writer's; upload.py
aborts what it names. A writer that died between asking for an upload and noting its id left a claim without one.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from ruach_studio.infra.storage.disk_errors import mapped_disk_errors

_FRESH_S = 60.0


@dataclass(slots=True)
class Claim:
    """One upload in parts. Set `settled` once it is completed or aborted; else its note stays for the sweep."""

    bucket: str
    name: str
    upload_id: str | None = None
    settled: bool = False
    _file: BinaryIO | None = field(default=None, repr=False)

    def started(self, upload_id: str) -> None:
        """Note the id that S3 gave."""
        self.upload_id = upload_id
        if self._file is not None:
            _write(self._file, self)


class Claims:
    """The notes of one folder, shared by every process that stores from this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def claim(self, bucket: str, name: str) -> Iterator[Claim]:
        """Hold a claim for the length of the block."""
        note, fresh = self.folder / f"{uuid4()}.json", self.folder / f"{uuid4()}.new"
        with mapped_disk_errors(name, self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            file = fresh.open("xb")
        with file:
            with mapped_disk_errors(name, self.folder):
                fcntl.flock(file, fcntl.LOCK_EX)
                claim = Claim(bucket, name, _file=file)
                _write(file, claim)
                os.replace(fresh, note)  # only a locked note can be seen
            try:
                yield claim
            finally:
                if claim.settled:
                    note.unlink(missing_ok=True)

    @contextmanager
    def dead(self) -> Iterator[list[Claim]]:
        """Give the claims of dead writers, held against other sweepers; settled ones are forgotten at the end."""
        for fresh in self.folder.glob("*.new"):
            with suppress(FileNotFoundError):  # its writer lives and has just shown it
                if time.time() - fresh.stat().st_mtime > _FRESH_S:  # killed before it could ask for anything
                    fresh.unlink()
        held: list[tuple[Path, Claim, BinaryIO]] = []
        try:
            for note in sorted(self.folder.glob("*.json")):
                with suppress(FileNotFoundError, BlockingIOError):  # another took it, or its writer lives
                    file: BinaryIO = note.open("rb")
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        held.append((note, _read(file), file))
                    except BaseException:
                        file.close()
                        raise
            yield [claim for _, claim, _ in held]
        finally:
            for note, claim, file in held:
                if claim.settled:
                    note.unlink(missing_ok=True)
                file.close()


def _write(file: BinaryIO, claim: Claim) -> None:
    file.seek(0)
    file.write(json.dumps({"bucket": claim.bucket, "name": claim.name, "uploadId": claim.upload_id}).encode())
    file.truncate()
    file.flush()
    os.fsync(file.fileno())


def _read(file: BinaryIO) -> Claim:
    """A note cut short by a power cut names nothing that could be aborted: it is settled."""
    try:
        facts = json.loads(file.read())
        return Claim(str(facts["bucket"]), str(facts["name"]), facts["uploadId"])
    except (ValueError, TypeError, KeyError):
        return Claim("", "", settled=True)
