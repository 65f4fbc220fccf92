"""Let other programs read what we export, frame by frame: `python bench/exchange.py`.

At every rate the same 40 s of three coloured cameras (one in two files with a hole, one that started earlier, drift of
-35 to +1000 ppm, a source at another rate) go out as OpenTimelineIO and as MLT. The OpenTimelineIO library (its version is
in peers.txt; it is no dependency of ours) says for every frame of the programme which file it shows and where; what it
writes again is taken back and has to be the EDL it was. `melt`, if it is installed, renders the MLT, and the colour of every
frame tells its camera, black that it was off. Both have to be right in every frame.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

from peers import PeerMissing, peer

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut, Source
from ruach_studio.assembly.exchange import export, import_back
from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.testing.melt import run_melt

RATES = ("24", "24000/1001", "25", "30000/1001", "30", "50", "60000/1001", "60")
COLOURS = {"A": (200, 40, 40), "B": (40, 180, 40), "W": (40, 40, 200)}
SECONDS = 40
CUTS_S = ((0.0, "A"), (3.013, "B"), (9.9, "W"), (14.0, "A"), (20.3, "B"), (31.0, "W"), (36.5, "A"))


def main() -> int:
    """Print a line for each rate; return 1 if a frame was wrong or something did not come back."""
    try:
        otio: ModuleType | None = peer("opentimelineio")
    except PeerMissing as missing:
        print(f"OpenTimelineIO could not be installed: {missing}")
        otio = None
    if shutil.which("melt") is None:
        print("melt is not installed: apt install melt")
    print("| rate | frames | OpenTimelineIO: right frames | comes back | melt: right frames | writing all seven, CPU ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    good = otio is not None
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
        for rate in RATES:
            edl = filmed(FrameRate.parse(rate), Path(name))
            started = time.process_time()
            for each in ("json", "otio", "fcpxml", "fcp7xml", "cmx3600", "mlt", "kdenlive"):
                export(edl, each)
            cost_ms = (time.process_time() - started) * 1000
            right, back = read_again(otio, edl) if otio is not None else (0, False)
            seen = rendered(edl, Path(name)) if shutil.which("melt") else None
            melt = "-" if seen is None else share(seen, edl)
            same = "same" if back else "CHANGED"
            print(f"| {rate} | {edl.duration_frames} | {share(right, edl)} | {same} | {melt} | {cost_ms:.0f} |")
            good &= right == edl.duration_frames and back and seen in (None, edl.duration_frames)
    print("every frame is right" if good else "MISSED: a frame is wrong, or a reader is missing")
    return 0 if good else 1


def share(right: int, edl: CanonicalEDL) -> str:
    """Return '1200 (100 %)'."""
    return f"{right} ({100 * right / edl.duration_frames:.4g} %)"


def filmed(rate: FrameRate, folder: Path) -> CanonicalEDL:
    """Return the EDL with real files under it, each camera in one colour."""
    folder = folder / str(rate).replace("/", "_")
    folder.mkdir()
    other = FrameRate.parse(25) if rate != FrameRate.parse(25) else FrameRate.parse(30)
    halves = ((1, 1500.0, 25_000.0), (2, 26_540.0, 9_000.0))
    sources = {
        "A": source("A", [film(folder, "A 1", rate, 0.0, 0.0, SECONDS * 1000.0 + 50)]),
        "B": source("B", [film(folder, f"B {n}", other, at, -35.0, lasts) for n, at, lasts in halves]),
        "W": source("W", [film(folder, "W 1", rate, -4021.3, 1000.0, 50_000.0)]),
    }  # fmt: skip
    frames = rate.frame_at(SECONDS)
    edges = [rate.frame_at(start) for start, _ in CUTS_S] + [frames]
    cuts = tuple(
        Cut(f"cut-{n}", edges[n], edges[n + 1], camera, "speaker", 0.9, (f"{camera} leads",))
        for n, (_, camera) in enumerate(CUTS_S)
    )
    return CanonicalEDL("talk", "A", rate, frames, cuts, sources, "angle-v2", 1)


def source(name: str, clips: list[ClipSource]) -> Source:
    """Return a camera of these clips."""
    return Source(f"asset-{name}", "camera", clips[0].offset_ms, clips[0].drift_ppm, 1.0, tuple(clips))


def film(folder: Path, name: str, rate: FrameRate, offset_ms: float, drift_ppm: float, lasts_ms: float) -> ClipSource:
    """Write a small film in the camera's colour and return it as a clip."""
    path = folder / f"{name}.mp4"
    picture = f"color=c=0x{bytes(COLOURS[name[0]]).hex()}:s=64x36:r={rate}:d={lasts_ms / 1000}"
    command = [str(find_ffmpeg()), "-v", "error", "-f", "lavfi", "-i", picture, "-y", str(path)]
    subprocess.run(command, check=True, timeout=120)
    return ClipSource(str(path), offset_ms, drift_ppm, lasts_ms, rate, 64, 36, False, 0.0)


def read_again(otio: ModuleType, edl: CanonicalEDL) -> tuple[int, bool]:
    """Return how many frames the library shows from the right file and place, and whether its own writing comes back."""
    timeline = otio.adapters.read_from_string(export(edl, "otio")[0], "otio_json")
    track = timeline.video_tracks()[0]
    shown: dict[int, tuple[str, float]] = {}
    for clip in track.find_clips():
        placed = clip.range_in_parent()
        first, at = int(placed.start_time.value), clip.source_range.start_time.value
        path = unquote(urlsplit(clip.media_reference.target_url).path)
        for n in range(int(placed.duration.value)):
            shown[first + n] = (path, at + n)
    right = sum(is_right(edl, frame, *shown.get(frame, ("", 0.0))) for frame in range(edl.duration_frames))
    again = otio.adapters.write_to_string(timeline, "otio_json")
    return right, import_back(edl, "otio", again.encode(), version=2).same


def is_right(edl: CanonicalEDL, frame: int, path: str, local: float) -> bool:
    """Say whether `frame` shows the cut's camera from the file that recorded then, within a frame of where sync puts it."""
    cut = next(cut for cut in edl.program if cut.start_frame <= frame < cut.end_frame_exclusive)
    found = next((clip for clip in edl.sources[cut.camera].clips if clip.path == path), None)
    if found is None:
        return not any(clip.path == path for clip in clips(edl)) and not records(edl, cut.camera, frame)
    since_s = edl.fps.seconds(frame) - Fraction(found.offset_ms) / 1000
    exact = since_s / (1 + Fraction(found.drift_ppm) / 1_000_000) * edl.fps.value
    return abs(local - exact) <= 1


def clips(edl: CanonicalEDL) -> Iterator[ClipSource]:
    """Yield every clip."""
    for each in edl.sources.values():
        yield from each.clips


def records(edl: CanonicalEDL, camera: str, frame: int) -> bool:
    """Say whether the camera has a file for the frame."""
    rate = edl.fps
    return any(rate.frame_at_ms(c.offset_ms) <= frame < rate.frame_at_ms(c.end_ms) for c in edl.sources[camera].clips)


def rendered(edl: CanonicalEDL, folder: Path) -> int:
    """Return how many frames of melt's film have the colour of the cut's camera, or are black where it was off."""
    (folder / "talk.mlt").write_text(export(edl, "mlt")[0])
    out = folder / "film.avi"
    run_melt(["talk.mlt", "-consumer", f"avformat:{out}", "vcodec=mjpeg", "q:v=2", "an=1", "real_time=-1"], folder, 600)
    shrink = ["-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-fps_mode", "passthrough", "-"]
    run = [str(find_ffmpeg()), "-v", "error", "-i", str(out), *shrink]
    raw = subprocess.run(run, check=True, capture_output=True, timeout=600).stdout
    known = {**COLOURS, "": (0, 0, 0)}
    wanted = [
        cut.camera if records(edl, cut.camera, frame) else ""
        for cut in edl.program for frame in range(cut.start_frame, cut.end_frame_exclusive)
    ]  # fmt: skip
    seen = [
        min(known, key=lambda name: sum(abs(a - b) for a, b in zip(known[name], raw[n : n + 3], strict=True)))
        for n in range(0, len(raw), 3)
    ]
    return sum(a == b for a, b in zip(seen, wanted, strict=False)) if len(seen) == len(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
