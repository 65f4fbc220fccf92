"""Turn a large file into one object part by part, four at a time, or into nothing: what is begun is completed or aborted.

Only so many parts are in memory. An upload that could not even be aborted keeps its claim, and the sweep aborts it: at the
next start, and before the next large file. So does what botocore began twice because the first answer was lost.
"""

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.storage.s3.claims import Claim, Claims
from ruach_studio.infra.storage.s3.errors import is_answer
from ruach_studio.infra.storage.s3.file_facts import read_part
from ruach_studio.infra.storage.s3.place import Place
from ruach_studio.infra.storage.s3.upload import Body, Wanted, conditionally

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PARTS_AT_ONCE = 4
FORGOTTEN = timedelta(hours=24)
OURS = "renders/"  # the bucket may be shared, so that only what lies below our own keys is ever aborted by age

log = get_logger(__name__)


def put_parts(client: "S3Client", place: Place, claims: Claims, wanted: Wanted, *, new: bool) -> str:
    """Send the file in parts; return the ETag. Whatever is raised, the upload was aborted or stays claimed."""
    where: dict[str, Any] = {"Bucket": place.bucket, "Key": place.name(wanted.key)}
    with claims.claim(place.bucket, place.name(wanted.key)) as claim:
        completed = False
        try:
            begun = client.create_multipart_upload(**where, **wanted.headers())
            where["UploadId"] = begun["UploadId"]
            claim.started(begun["UploadId"])
            if begun["ResponseMetadata"].get("RetryAttempts"):
                _abort_empty(client, claim)  # an answer was lost, and with it the id of an upload
            parts = _send_all(client, where, wanted)

            def complete(condition: dict[str, Any]) -> str:
                nonlocal completed
                answer = client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts}, **condition)
                completed = True
                return answer["ETag"].strip('"')

            return conditionally(client, place, wanted, complete, new=new)
        finally:
            claim.settled = completed or _ended(client, claim)


def sweep(client: "S3Client", place: Place, claims: Claims) -> int:
    """Abort the uploads of dead writers, and whatever lies unfinished below our prefix for a day; return how many."""
    count = 0
    with claims.dead() as dead:
        for claim in (each for each in dead if not each.settled):
            claim.settled = _ended(client, claim)
            count += claim.settled
    return count + _abort_forgotten(client, place)


def _send_all(client: "S3Client", where: dict[str, Any], wanted: Wanted) -> list[Any]:
    failed = threading.Event()

    def send(number: int) -> dict[str, object]:
        wanted.check()
        if failed.is_set():
            return {}
        try:
            content = read_part(wanted.path, wanted.facts, number)
            answer = client.upload_part(
                **where, PartNumber=number + 1, Body=Body(content, wanted.check), ContentLength=len(content),
                ContentMD5=base64.b64encode(wanted.facts.part_md5s[number]).decode(),
            )  # fmt: skip
        except BaseException:
            failed.set()  # the others need not begin
            raise
        return {"PartNumber": number + 1, "ETag": answer["ETag"]}

    with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="s3-part") as pool:
        return list(pool.map(send, range(len(wanted.facts.part_md5s))))


def _ended(client: "S3Client", claim: Claim) -> bool:
    """Abort what the claim names; say whether it is gone for sure. A warning tells of what is left for the next sweep."""
    try:
        if claim.upload_id is None:
            _abort_empty(client, claim)
        else:
            _abort(client, claim.bucket, claim.name, claim.upload_id)
    except (ClientError, BotoCoreError) as error:
        if is_answer(error, "NoSuchBucket"):
            return True
        log.warning("storage.upload.left", name=claim.name, error=type(error).__name__)
        return False
    return True


def _abort_empty(client: "S3Client", claim: Claim) -> None:
    """Abort uploads of the claimed name that hold no part: begun by a request whose answer was lost."""
    for upload in _open_uploads(client, claim.bucket, claim.name):
        one = {"Bucket": claim.bucket, "Key": claim.name, "UploadId": upload["UploadId"]}
        if upload["Key"] == claim.name and upload["UploadId"] != claim.upload_id:
            try:
                empty = not client.list_parts(**one, MaxParts=1).get("Parts")
            except client.exceptions.NoSuchUpload:
                continue
            if empty:
                _abort(client, *one.values())


def _abort_forgotten(client: "S3Client", place: Place) -> int:
    """Abort what lies unfinished for a day below our prefix: its writer's machine may be gone, claims and all."""
    old = [
        upload
        for upload in _open_uploads(client, place.bucket, place.name(OURS))
        if datetime.now(UTC) - upload["Initiated"] > FORGOTTEN
    ]
    for upload in old:
        _abort(client, place.bucket, upload["Key"], upload["UploadId"])
    return len(old)


def _open_uploads(client: "S3Client", bucket: str, prefix: str) -> Iterator[Any]:
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Uploads", ())


def _abort(client: "S3Client", bucket: str, name: str, upload_id: str) -> None:
    with suppress(client.exceptions.NoSuchUpload):  # it was completed, or another sweeper was quicker
        client.abort_multipart_upload(Bucket=bucket, Key=name, UploadId=upload_id)
        log.info("storage.upload.aborted", name=name)
