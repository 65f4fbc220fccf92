"""Turn our settings into Remotion's official Python client and an S3 client, with every error of theirs in our words.

The client is an optional part (`pip install ruach-studio[lambda]`); its version must be the function's. All calls block
and are made in threads. An endpoint other than AWS (an emulator) is put under the client by the session.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ruach_studio.kernel.errors import Unavailable
from ruach_studio.render.runners.lambda_errors import LambdaVersionMismatch, classified
from ruach_studio.render.runners.remotion_tools import VERSION

SIGNED_S = 21_600
ANSWER_S = 65.0  # a start answers once the first function is up: a cold one takes half a minute at worst


class LambdaClientMissing(Unavailable):
    """The Python client of Remotion Lambda is not installed."""

    code = "lambda_client_missing"
    retryable = False
    exit_code = 2


@dataclass(frozen=True, slots=True)
class LambdaPlace:
    """Where renders run: the deployed function and site, and the bucket that both may use."""

    region: str
    function: str
    site: str
    bucket: str
    access_key_id: SecretStr = field(repr=False)
    secret_access_key: SecretStr = field(repr=False)
    session_token: SecretStr | None = field(default=None, repr=False)
    endpoint: str | None = None
    s3_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a render on Lambda is."""

    frames: int
    done: bool
    cost_usd: float
    fatal: str | None


class LambdaClient:
    """The calls that the runner makes. Each blocks; each raises errors of lambda_errors.py."""

    def __init__(self, place: LambdaPlace) -> None:
        """Load the official client. Raises LambdaClientMissing, LambdaVersionMismatch."""
        self.place = place
        try:
            import remotion_lambda.version
        except ImportError as error:
            remedy = f"Install it: pip install 'remotion-lambda=={VERSION}'"
            raise LambdaClientMissing(subject="remotion-lambda", remedy=remedy) from error
        installed = remotion_lambda.version.VERSION
        if installed != VERSION:
            raise LambdaVersionMismatch(
                f"version {installed} is installed, {VERSION} is needed", subject="remotion-lambda",
                remedy=f"pip install 'remotion-lambda=={VERSION}'",
            )  # fmt: skip
        session = _session(place)
        self._parts = remotion_lambda
        self._client = remotion_lambda.RemotionClient(
            region=place.region, serve_url=place.site, function_name=place.function, session=session, config=_config(),
            force_path_style=place.s3_endpoint is not None,
        )  # fmt: skip
        self._s3 = session.client("s3", config=_config())

    def start(self, props: Mapping[str, Any], out_key: str, encode: Mapping[str, Any]) -> str:
        """Start a render that writes to `out_key` of the bucket; return its id. Its money is spent from here on."""
        parts = self._parts
        asked = parts.RenderMediaParams(
            composition="programme", input_props=dict(props), codec="h264", bucket_name=self.place.bucket,
            out_name=parts.OutNameInputObject(bucketName=self.place.bucket, key=out_key), overwrite=True,
            privacy=parts.Privacy.NO_ACL, muted=True, enable_cancellation=True, max_retries=1, jpeg_quality=95,
            color_space="bt709", log_level=parts.LogLevel.ERROR,
            force_path_style=self.place.s3_endpoint is not None, **encode,
        )  # fmt: skip
        with _our_errors(self.place.function):
            started = self._client.render_media_on_lambda(asked)
        return str(started.render_id)

    def progress(self, render_id: str) -> Progress:
        """Return how far it is."""
        with _our_errors(self.place.function):
            seen = self._client.get_render_progress(render_id, self.place.bucket, log_level="error")
        fatal = None
        if seen.fatalErrorEncountered:
            said = [str(e.get("message") or e.get("name") or e) for e in seen.errors if not e.get("willRetry", False)]
            fatal = (
                "; ".join(said) or "; ".join(str(e.get("message")) for e in seen.errors) or "a fatal error without a word"
            )
        cost = (seen.costs or {}).get("accruedSoFar") or 0.0
        return Progress(int(seen.framesRendered or 0), bool(seen.done), float(cost), fatal)

    def cancel(self, render_id: str) -> None:
        """Ask a running render to stop."""
        with _our_errors(self.place.function):
            self._client.cancel_render_on_lambda(render_id, self.place.bucket)

    def warm(self) -> str:
        """Call the function once for its version: it is warm afterwards, and of our version or an error."""
        with _our_errors(self.place.function):
            said = self._client._invoke_lambda(self.place.function, '{"type":"info","logLevel":"error"}')
        version = str(said.get("version"))
        if version != VERSION:
            raise classified(
                f"version mismatch: the function is {version}, the client {VERSION}", subject=self.place.function
            )
        return version

    def exists(self, key: str) -> bool:
        """Say whether the bucket holds `key`."""
        from botocore.exceptions import ClientError

        with _our_errors(self.place.bucket):
            try:
                self._s3.head_object(Bucket=self.place.bucket, Key=key)
            except ClientError as error:
                if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                    return False
                raise
        return True

    def upload(self, path: Path, key: str) -> str:
        """Put a file there unless it is there, and return an address that the function may read it at."""
        if not self.exists(key):
            with _our_errors(self.place.bucket):
                self._s3.upload_file(
                    str(path), self.place.bucket, key, ExtraArgs={"ContentType": "application/octet-stream"}
                )
        asked = {"Bucket": self.place.bucket, "Key": key}
        return str(self._s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=SIGNED_S))

    def download(self, key: str, path: Path) -> None:
        """Fetch an object to a file."""
        with _our_errors(self.place.bucket):
            self._s3.download_file(self.place.bucket, key, str(path))

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        with _our_errors(self.place.bucket):
            self._s3.delete_object(Bucket=self.place.bucket, Key=key)


@contextmanager
def _our_errors(subject: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError
    from remotion_lambda.exception import RemotionException

    try:
        yield
    except (RemotionException, ClientError, BotoCoreError) as error:
        raise classified(f"{type(error).__name__}: {error}", subject=subject) from error


def _config() -> Any:
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=10, read_timeout=ANSWER_S,
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip


def _session(place: LambdaPlace) -> Any:
    """Return a boto3 session whose clients speak to the place's endpoints."""
    from boto3.session import Session

    class Placed(Session):  # type: ignore[misc,unused-ignore]
        def client(self, service_name: str, **more: Any) -> Any:
            there = place.s3_endpoint if service_name == "s3" else place.endpoint
            return super().client(service_name, **({"endpoint_url": there} if there else {}), **more)

    token = place.session_token.get_secret_value() if place.session_token else None
    return Placed(
        aws_access_key_id=place.access_key_id.get_secret_value(), region_name=place.region, aws_session_token=token,
        aws_secret_access_key=place.secret_access_key.get_secret_value(),
    )  # fmt: skip
