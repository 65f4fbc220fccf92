"""Turn the facts of a clip into how its proxy and its thumbnails are made: FFmpeg's arguments, sizes, times.

A proxy plays in a browser and seeks at once: H.264 with its shorter side at most 540, a key frame every half second, no
B-frames, index first, AAC 48 kHz. Its time is the clip's local time: the first frame is at 0, every frame keeps its own time
(a variable rate stays one), gaps in the sound are silent. Thumbnails: one picture every n seconds, the one on screen at that
time, 160 wide, a hundred to a sheet. Rotation is applied, pixels become square, sizes even. High dynamic range is mapped to
BT.709 as renders map it; a proxy's other colours stay as the file has and tags them, a thumbnail is a JPEG of BT.709's.

Whoever changes how a kind is made raises its recipe in kernel/derivative.py. Counterpart: waveform.py has the peaks;
usecases/make_derivative.py runs all three.
"""

from dataclasses import dataclass

from ruach_studio.render.colour import Conversion709
from ruach_studio.render.recolour import recoloured, told

PROXY_SIDE = 540
KEY_FRAME_S = 0.5
PROXY_BITS_PER_S = 1_500_000  # a generous guess at crf 26, for asking about room on the disk
TILE_WIDTH, TILE_COLUMNS, TILE_ROWS = 160, 10, 10
EVERY_S = (1, 2, 5, 10, 15, 30, 60)
MOST_TILES = 720
_TAGS = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,"
_JPEG = "scale=out_color_matrix=bt601:out_range=pc,"  # a JPEG is read by BT.601's matrix, in full range


@dataclass(frozen=True, slots=True)
class Sprites:
    """How a clip's thumbnails lie: tile k shows local time k * every_s, on sheet k // 100, row by row."""

    every_s: int
    count: int
    sheets: int


def sprites(duration_s: float) -> Sprites:
    """Return how many thumbnails a clip of that length gets: the shortest interval that stays within 720 tiles.

    >>> sprites(45 * 60)
    Sprites(every_s=5, count=540, sheets=6)
    """
    every_s = next((each for each in EVERY_S if duration_s / each <= MOST_TILES), EVERY_S[-1])
    count = max(1, -(-round(duration_s * 1000) // (every_s * 1000)))
    return Sprites(every_s, count, -(-count // (TILE_COLUMNS * TILE_ROWS)))


def is_mapped(colour: Conversion709) -> bool:
    """Say whether the pictures are of high dynamic range, so that FFmpeg's `zscale` and `tonemap` are needed."""
    return colour.conversion == "tone-map"


def is_recoloured(colour: Conversion709) -> bool:
    """Say whether thumbnails need `zscale`: for a wider gamut too, since a JPEG has no tag for it."""
    return colour.conversion in ("tone-map", "primaries")


def _as_jpeg(colour: Conversion709) -> tuple[str, str]:
    """Return the filters before and after the scaling of a thumbnail. Its colours are BT.709's, as a still's are."""
    if is_recoloured(colour):
        return told(colour), f"{recoloured(colour)}setparams=colorspace=bt709:range=tv,{_JPEG}"
    return f"setparams=colorspace={colour.matrix},", _JPEG


def proxy_args(
    source: str, out: str, *, colour: Conversion709 | None, has_audio: bool, sound_lead_s: float, duration_s: float
) -> list[str]:
    """Return FFmpeg's arguments. `sound_lead_s`: local 0 on FFmpeg's clock, which begins with the earliest track.

    `colour`: the verdict on its pictures, None where there are none.

    Nothing behind `duration_s` (and a second) is made: a broken stamp would become days of silence.
    """
    args = ["-y", "-v", "error", "-i", source]
    if colour is not None:
        before, after = (told(colour), f"{recoloured(colour)}{_TAGS}") if is_mapped(colour) else ("", "")
        factor = f"min(1,{PROXY_SIDE}/min(iw*sar,ih))"
        scale = f"scale=w='2*max(1,round(iw*sar*{factor}/2))':h='2*max(1,round(ih*{factor}/2))':flags=bicubic"
        graph = f"{before}setpts=PTS-STARTPTS,{scale},{after}setsar=1,format=yuv420p"
        args += ["-map", "0:V:0", "-vf", graph, "-fps_mode", "vfr"]
        args += [
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "26",
            "-profile:v",
            "main",
            "-bf",
            "0",
            "-sc_threshold",
            "0",
        ]
        args += ["-g", "1000", "-force_key_frames", f"expr:gte(t,n_forced*{KEY_FRAME_S})", "-video_track_timescale", "90000"]
    if has_audio:
        lead = f"{sound_lead_s:.6f}"  # as whole numbers first: the encoder ends at the first sample that is no number
        args += [
            "-map",
            "0:a:0",
            "-af",
            f"aformat=sample_fmts=s16,atrim=start={lead},asetpts=PTS-{lead}/TB,aresample=48000:async=1:first_pts=0",
        ]
        args += ["-c:a", "aac", "-b:a", "128k", "-ac", "2"]
    return [*args, "-t", f"{duration_s + 1:.3f}", "-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4", out]


def thumbnail_args(source: str, pattern: str, layout: Sprites, *, colour: Conversion709, key_frames_only: bool) -> list[str]:
    """Return FFmpeg's arguments; `pattern` holds %03d. `key_frames_only` where they are no further apart than thumbnails."""
    skip = ["-skip_frame", "nokey"] if key_frames_only else []
    before, after = _as_jpeg(colour)
    # The last frame stays on screen to the end of the clip; tpad gives a still or a short tail its tile.
    graph = (
        f"{before}setpts=PTS-STARTPTS,tpad=stop_mode=clone:stop_duration={layout.every_s},fps=1/{layout.every_s}:round=up:start_time=0,"
        f"trim=end_frame={layout.count},scale=w={TILE_WIDTH}:h='2*max(1,round(ih*{TILE_WIDTH}/(iw*sar)/2))':flags=bicubic,"
        f"{after}setsar=1,format=yuvj420p,tile={TILE_COLUMNS}x{TILE_ROWS}"
    )
    shown = ["-map", "0:V:0", "-vf", graph, "-fps_mode", "passthrough", "-q:v", "5", "-start_number", "0"]
    return ["-y", "-v", "error", *skip, "-i", source, *shown, "-f", "image2", pattern]
