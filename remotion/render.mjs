/**
 * Turn one request into video files: the process that `render/runners/remotion_cli.py` starts.
 *
 * The request is the first line of stdin, one JSON object. stdin then stays open: when it ends, the studio is gone, and so
 * are we and our browser. stdout carries one JSON object per line (bundled, progress, chunk, failed); everything else goes
 * to stderr.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

console.log = console.info = console.warn = console.error;
const say = (event) => writeSync(1, `${JSON.stringify(event)}\n`);

const lines = createInterface({ input: process.stdin });
lines.on("close", () => process.exit(3)); // the studio is gone
lines.once("line", (line) => {
  work(JSON.parse(line)).then(
    () => process.exit(0),
    (error) => {
      say({ event: "failed", name: error?.name ?? "Error", message: String(error?.message ?? error), stack: String(error?.stack ?? "") });
      process.exit(1);
    },
  );
});

const work = async (request) => {
  if (request.bundle) {
    const { bundle } = await import("@remotion/bundler");
    await bundle({ ...request.bundle, onProgress: () => undefined, enableCaching: false });
    say({ event: "bundled" });
    return;
  }
  const { openBrowser, renderMedia } = await import("@remotion/renderer");
  const chromiumOptions = { gl: "swangle", enableMultiProcessOnLinux: true };
  const browser = await openBrowser("chrome", {
    browserExecutable: request.browser, chromiumOptions, logLevel: "error", chromeMode: "headless-shell",
  });
  for (const chunk of request.chunks) {
    let told = 0;
    await renderMedia({
      serveUrl: request.site,
      composition: {
        id: "programme", width: chunk.props.width, height: chunk.props.height, fps: chunk.props.fps,
        durationInFrames: chunk.props.frames, props: chunk.props, defaultProps: {}, defaultCodec: null, defaultOutName: null,
        defaultVideoImageFormat: null, defaultPixelFormat: null, defaultProResProfile: null, defaultSampleRate: null,
      },
      inputProps: chunk.props,
      outputLocation: chunk.output,
      puppeteerInstance: browser,
      browserExecutable: request.browser,
      chromiumOptions,
      concurrency: request.concurrency,
      codec: "h264",
      crf: request.encode.crf,
      x264Preset: request.encode.speed,
      pixelFormat: request.encode.pixelFormat,
      colorSpace: "bt709",
      imageFormat: "jpeg",
      jpegQuality: 95,
      gopSize: request.encode.gopFrames,
      muted: true,
      overwrite: true,
      logLevel: "error",
      timeoutInMilliseconds: request.frameTimeoutMs,
      mediaCacheSizeInBytes: request.cacheBytes,
      offthreadVideoCacheSizeInBytes: request.cacheBytes,
      ffmpegOverride: ({ args }) => exact(args, request.encode),
      onProgress: ({ renderedFrames }) => {
        if (renderedFrames > told) {
          told = renderedFrames;
          say({ event: "progress", chunk: chunk.index, frames: renderedFrames });
        }
      },
    });
    say({ event: "chunk", chunk: chunk.index });
  }
  await browser.close({ silent: true });
};

/** Put the exact rate in place of Remotion's decimal, closed groups of pictures, and ticks that hold a frame exactly. */
const exact = (args, encode) => {
  const rated = args.map((arg, i) => (args[i - 1] === "-r" ? encode.rate : arg));
  const closed = rated.includes("libx264") ? ["-flags", "+cgop"] : [];
  return [...rated.slice(0, -1), ...closed, "-video_track_timescale", encode.timescale, rated.at(-1)];
};
