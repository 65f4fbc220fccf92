"""Turn media files into facts, samples and new media files: the only room that speaks to FFmpeg.

probe.py reads the facts, check.py refuses what cannot be used, decode.py streams the sound, ffmpeg.py runs the
program that program.py finds, restamp.py finds the times that AVI leaves out, roots.py keeps paths inside the
allowed folders.
"""

from ruach_studio.infra.media.check import BadMedia, check_media
from ruach_studio.infra.media.decode import PcmBlock, decode_audio
from ruach_studio.infra.media.ffmpeg import FfmpegProgress, FfmpegResult, run
from ruach_studio.infra.media.filters import FilterMissing, check_filter
from ruach_studio.infra.media.heap import give_back
from ruach_studio.infra.media.probe import AudioInfo, MediaInfo, VideoInfo, probe
from ruach_studio.infra.media.program import FfmpegMissing, FfmpegStalled, check_ffmpeg, find_ffmpeg
from ruach_studio.infra.media.restamp import is_unstamped, restamp
from ruach_studio.infra.media.roots import PathRefused, resolve_under

__all__ = [
    "AudioInfo",
    "BadMedia",
    "FfmpegMissing",
    "FfmpegProgress",
    "FfmpegResult",
    "FfmpegStalled",
    "FilterMissing",
    "MediaInfo",
    "PathRefused",
    "PcmBlock",
    "VideoInfo",
    "check_ffmpeg",
    "check_filter",
    "check_media",
    "decode_audio",
    "find_ffmpeg",
    "give_back",
    "is_unstamped",
    "probe",
    "resolve_under",
    "restamp",
    "run",
]
