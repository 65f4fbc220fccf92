"""Turn the test server into a part of a bucket for one test: stores on it, and what lies there, seen from outside."""

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ruach_studio.infra.storage.s3.place import Place, open_client
from ruach_studio.infra.storage.s3.store import S3Store
from ruach_studio.testing.s3_server import ACCESS_KEY, PRIVATE_BUCKET, SECRET_KEY, S3Server

PART_BYTES = 5 << 20  # the least that S3 takes for a part that is not the last


@dataclass
class Bucket:
    """Objects below a prefix of its own; `folder` holds the notes of unfinished uploads, as the data folder does."""

    server: S3Server
    folder: Path
    prefix: str = field(default_factory=lambda: f"{uuid.uuid4().hex}/")

    @property
    def place(self) -> Place:
        """Where this test's objects lie; the answer is awaited for a short time only."""
        return Place(
            PRIVATE_BUCKET, SecretStr(ACCESS_KEY), SecretStr(SECRET_KEY), endpoint=self.server.endpoint, prefix=self.prefix,
            service_url="http://studio.test", answer_s=10.0,
        )  # fmt: skip

    @cached_property
    def client(self) -> Any:
        """A client of the server itself, past every proxy."""
        return open_client(self.place)

    def store(self, **changes: Any) -> S3Store:
        """Return a store, with `changes` to its place; parts are as small as S3 allows."""
        return S3Store(replace(self.place, **changes), self.folder / "unfinished", least_part_bytes=PART_BYTES)

    def objects(self) -> dict[str, str]:
        """Return the SHA-256 of every object, by key."""
        client = self.client
        listed = client.list_objects_v2(Bucket=PRIVATE_BUCKET, Prefix=self.prefix).get("Contents", [])
        names = [entry["Key"] for entry in listed]
        return {name.removeprefix(self.prefix): self.sha256(name) for name in names}

    def sha256(self, name: str) -> str:
        """Return the SHA-256 of the object's bytes; `name` is the whole one, prefix included."""
        return hashlib.sha256(self.client.get_object(Bucket=PRIVATE_BUCKET, Key=name)["Body"].read()).hexdigest()

    def open_uploads(self) -> list[str]:
        """Return the keys of uploads in parts that are neither completed nor aborted."""
        listed = self.client.list_multipart_uploads(Bucket=PRIVATE_BUCKET, Prefix=self.prefix).get("Uploads", [])
        return [entry["Key"].removeprefix(self.prefix) for entry in listed]

    def notes(self) -> int:
        """Return how many uploads are noted as unfinished on this disk."""
        return len(list((self.folder / "unfinished").glob("*.json")))
