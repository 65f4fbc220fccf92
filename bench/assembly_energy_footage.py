"""Turn a length into three cameras as MP4 (H.264 with a tiny picture, AAC stereo), sound encoded once.

B and C are the same recording begun later (packets copied), so that making four hours of three cameras costs one encoding.
"""

import subprocess
from pathlib import Path

from assembly_footage import RATE, talker

from ruach_studio.infra.media import find_ffmpeg

STARTS_S = {"A": 0.0, "B": 58.9, "C": 20.0}
PIECE_MIN = 10


def make_mp4(folder: Path, minutes: int) -> dict[str, Path]:
    """Write A, B and C of `minutes`, all ending together; what is there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}-{minutes}.mp4" for name in STARTS_S}
    if not all(file.exists() for file in files.values()):
        sound, picture = folder / f"sound-{minutes}.m4a", folder / "picture.mp4"
        _encode(sound, minutes)
        shown = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=60", "-c:v", "libx264", "-preset", "ultrafast", "-g", "50"]
        _ffmpeg(*shown, str(picture))
        for name, file in files.items():
            part = file.with_suffix(".part.mp4")
            seconds = str(minutes * 60 - STARTS_S[name])
            loop = ["-stream_loop", "-1", "-t", seconds, "-i", str(picture)]
            _ffmpeg(
                *loop, "-ss", str(STARTS_S[name]), "-i", str(sound), "-map", "0:v", "-map", "1:a", "-c", "copy", str(part)
            )
            part.rename(file)
        sound.unlink()
        picture.unlink()
    return files


def _encode(path: Path, minutes: int) -> None:
    """Write stereo of unequal channels, ten minutes of talk at a time."""
    source = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-", "-af", "pan=stereo|c0=c0|c1=0.7*c0"]
    coded = ["-ar", "48000", "-c:a", "aac", "-b:a", "192k", str(path)]
    command = [str(find_ffmpeg()), "-y", "-v", "error", *source, *coded]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    if child.stdin is None:
        raise SystemExit("FFmpeg was started without a pipe")
    for start in range(0, minutes, PIECE_MIN):
        child.stdin.write(talker(min(PIECE_MIN, minutes - start) * 60, 10 + start).tobytes())
    child.stdin.close()
    if child.wait():
        raise SystemExit(f"FFmpeg ended with code {child.returncode}")


def _ffmpeg(*args: str) -> None:
    subprocess.run([str(find_ffmpeg()), "-y", "-v", "error", *args], check=True)
