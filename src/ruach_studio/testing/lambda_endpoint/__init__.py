"""A Lambda endpoint for tests: Remotion's real function on this machine, with S3 at any address.

It speaks Lambda's HTTP interface (server.mjs) and runs the handler that Remotion deploys (worker.mjs), so that the
unmodified official client starts, polls, cancels and fetches renders without AWS. What AWS refuses it refuses too.
"""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FUNCTION = "remotion-render-4-0-527-mem10240mb-disk10240mb-120sec"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class LambdaEndpoint:
    """A running endpoint: where it is."""

    port: int

    @property
    def url(self) -> str:
        """The address to give as RUACH_LAMBDA_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"

    def invocations(self) -> list[dict[str, Any]]:
        """Return what was invoked so far: type (start, launch, renderer, status, info), mode, bytes."""
        with urllib.request.urlopen(f"{self.url}/log", timeout=10) as answer:  # noqa: S310  (our own, on loopback)
            return list(json.loads(answer.read()))


@contextmanager
def lambda_endpoint(
    folder: Path, *, node: Path, browser: Path, remotion: Path, s3_endpoint: str, access_key: str, secret_key: str,
    timeout_s: int = 120, max_concurrency: int = 10, function: str = FUNCTION,
) -> Iterator[LambdaEndpoint]:  # fmt: skip
    """Run the endpoint until the block ends; its temporary files lie in `folder`."""
    options = {
        "remotion": str(remotion), "browser": str(browser), "functionName": function, "region": REGION,
        "accessKey": access_key, "secretKey": secret_key, "s3Endpoint": s3_endpoint, "timeoutS": timeout_s,
        "maxConcurrency": max_concurrency,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
    with (folder / "endpoint.log").open("wb") as errors:
        process = subprocess.Popen(
            [str(node), str(HERE / "server.mjs"), json.dumps(options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=errors, env=environment, cwd=folder,
        )  # fmt: skip
    try:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the endpoint was started without pipes")
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise RuntimeError("the endpoint did not come up: " + (folder / "endpoint.log").read_text()[-2000:])
        yield LambdaEndpoint(int(line))
    finally:
        if process.stdin is not None:
            process.stdin.close()  # it ends with us, and its workers with it
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
