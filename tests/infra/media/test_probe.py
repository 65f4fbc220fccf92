"""The facts of a file as a renderer and a synchroniser need them."""

from fractions import Fraction

import pytest

from ruach_studio.infra.media import probe


def test_facts_of_a_camera_file(make, picture):
    path = make("v.mp4", *picture, "-i", "{wav}", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2")
    info = probe(path)
    assert (info.video.width, info.video.height, info.video.codec, info.video.pix_fmt) == (128, 96, "h264", "yuv420p")
    assert info.video.rate.value == Fraction(30)
    assert (info.video.frame_count, info.video.rotation, info.video.variable_rate) == (150, 0, False)
    assert (info.audio.rate, info.audio.channels, info.audio.codec) == (48000, 2, "aac")
    assert info.size_bytes == path.stat().st_size
    assert info.duration_s == pytest.approx(5.0, abs=0.05)
    assert info.local_duration_s == pytest.approx(5.0, abs=0.001)
    assert info.local_zero_s == 0.0


@pytest.mark.parametrize(
    ("rate", "exact"), [("30000/1001", Fraction(30000, 1001)), ("24000/1001", Fraction(24000, 1001)), ("25", Fraction(25))]
)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_frame_rates_are_exact_fractions(make, rate, exact, suffix):
    info = probe(make(f"r.{suffix}", "-f", "lavfi", "-i", f"testsrc=s=64x64:r={rate}:d=2", "-c:v", "libx264"))
    assert info.video.rate.value == exact


def test_a_phone_turned_on_its_side_says_so(make, picture):
    upright = make("v.mp4", *picture, "-c:v", "libx264")
    turned = make("turned.mp4", "-display_rotation", "90", "-i", str(upright), "-c", "copy")
    assert probe(turned).video.rotation == 90


def test_variable_rate_is_noticed(make, picture):
    even = make("e.mp4", *picture, "-vf", "select='not(mod(n,3)*lt(n,90))'", "-fps_mode", "vfr", "-c:v", "libx264")
    assert probe(even).video.variable_rate


def test_a_sound_file_has_no_video_even_with_cover_art(make):
    cover = ["-f", "lavfi", "-i", "color=s=64x64:r=25:d=0.04"]
    song = make("a.mp3", "-i", "{wav}", *cover, "-map", "0", "-map", "1", "-c:v", "png", "-disposition:v", "attached_pic")
    info = probe(song)
    assert info.video is None
    assert info.audio.codec == "mp3"
    assert info.local_duration_s == pytest.approx(5.0, abs=0.05)


def test_matroska_length_comes_from_the_track(make, picture):
    info = probe(make("v.mkv", *picture, "-i", "{wav}", "-c:v", "libx264", "-c:a", "aac"))
    assert info.local_duration_s == pytest.approx(5.0, abs=0.002)
