"""Turn the settings into the runner that draws the pictures: FFmpeg, Remotion on this machine, or Remotion Lambda."""

from typing import TYPE_CHECKING

from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.ports import LambdaBudget, RemotionRunner
from ruach_studio.render.runners.ffmpeg import FfmpegRunner

if TYPE_CHECKING:  # pydantic only, yet the module of an optional part
    from ruach_studio.render.runners.lambda_client import LambdaPlace


def lambda_place(settings: Settings) -> "LambdaPlace":
    """Return where Lambda renders. Raises BadInput naming what is not set."""
    from ruach_studio.render.runners.lambda_client import LambdaPlace

    key, secret = settings.lambda_access_key_id, settings.lambda_secret_access_key
    region, function, site, bucket = (
        settings.lambda_region, settings.lambda_function, settings.lambda_site, settings.lambda_bucket,
    )  # fmt: skip
    if not (region and function and site and bucket and key and secret):
        raise BadInput("region, function, site, bucket and the two keys are needed", subject="RUACH_LAMBDA_*",
                       remedy="docs/howto/render-with-remotion.md lists them.")  # fmt: skip
    return LambdaPlace(
        region, function, site, bucket, key, secret, settings.lambda_session_token, settings.lambda_endpoint,
        settings.lambda_s3_endpoint,
    )  # fmt: skip


def open_runner(settings: Settings, budget: LambdaBudget | None = None) -> RemotionRunner:
    """Return the runner that RUACH_RENDER_RUNNER names.

    Raises RemotionMissing, LambdaClientMissing; BadInput for `lambda` without a budget, since it would cost unguarded.
    """
    if settings.render_runner == "ffmpeg":
        return FfmpegRunner()
    if settings.render_runner == "cli":
        from ruach_studio.render.runners.remotion_cli import RemotionCliRunner
        from ruach_studio.render.runners.remotion_tools import find_tools

        tools = find_tools(
            settings.data_dir / "remotion-sites", folder=settings.remotion_dir, browser=settings.remotion_browser,
            node=settings.remotion_node,
        )  # fmt: skip
        return RemotionCliRunner(tools, settings.remotion_tabs)
    if budget is None:
        raise BadInput(
            "rendering on Lambda is guarded by the ledger of the database, which this command does without",
            subject="runner", remedy="Use --runner ffmpeg or cli here, or render through the service.",
        )  # fmt: skip
    from ruach_studio.render.runners.remotion_lambda import RemotionLambdaRunner

    return RemotionLambdaRunner(
        lambda_place(settings), budget, frames=settings.lambda_frames, patience_s=settings.lambda_patience_s
    )
