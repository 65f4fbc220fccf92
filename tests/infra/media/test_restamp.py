import av
import numpy as np
import pytest

from ruach_studio.infra.media import probe, restamp
from ruach_studio.infra.media.restamp import Unorderable


def film(path, frames=40):
    """An AVI with three B-frames in a row, whose frame k is as bright as 16 + 5 k."""
    with av.open(str(path), "w") as out:
        options = {"preset": "ultrafast", "crf": "5", "bf": "3", "x264-params": "b-adapt=0:b-pyramid=strict"}
        video = out.add_stream("libx264", rate=25, options=options)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for k in range(frames):
            picture = np.full((72, 64), 16 + 5 * k, np.uint8)
            picture[48:] = 128
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        out.mux(video.encode(None))
    return path


def test_every_picture_gets_its_own_time_and_no_packet_changes(tmp_path):
    source = film(tmp_path / "a.avi")
    copy = restamp(source, tmp_path / "b.mov")
    with av.open(str(copy)) as opened:
        seen = [(round(f.time * 25), round((f.to_ndarray()[:48].mean() - 16) / 5)) for f in opened.decode(video=0)]
    assert seen == [(k, k) for k in range(40)]
    assert (probe(source).local_zero_s, probe(copy).local_zero_s) == (0.0, 0.0)
    before = copy.stat().st_mtime_ns
    assert restamp(source, copy).stat().st_mtime_ns == before


def test_a_file_with_a_picture_that_never_comes_is_refused_and_leaves_nothing(tmp_path):
    source = film(tmp_path / "a.avi")
    data = bytearray(source.read_bytes())
    second = data.index(b"00dc", data.index(b"00dc") + 4) + 8
    data[second : second + 12] = b"\xff" * 12
    source.write_bytes(data)
    with pytest.raises(Unorderable, match=r"a\.avi"):
        restamp(source, tmp_path / "b.mov")
    assert [p.name for p in tmp_path.iterdir()] == ["a.avi"]
