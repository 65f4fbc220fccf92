"""`ruach run` as a person gives it, with files named from where one stands: what lies in out/ is whole and true."""

import pytest
from PIL import Image

pytestmark = [pytest.mark.xdist_group("programme"), pytest.mark.timeout(900)]
FILES = {"full_16_9.mp4", "short_9_16.mp4", "clip_1_1.mp4", "thumbnail.jpg", "edl.json", "edl.fcpxml", "report.json"}


def test_everything_promised_lies_in_the_folder_and_nothing_else(small_programme) -> None:
    assert "--camera B=footage/B1.mp4,footage/B2.mp4" in " ".join(small_programme.words)
    out = small_programme.run.out
    assert {path.name for path in out.iterdir()} == FILES
    with Image.open(out / "thumbnail.jpg") as image:
        assert image.size == (1920, 1080)


def test_every_frame_of_the_film_is_the_one_that_edl_and_truth_want(small_programme) -> None:
    edl, talk, seen = small_programme.run.edl, small_programme.talk, small_programme.seen["full_16_9"]
    assert len(seen) == edl["durationFrames"] == talk.camera("A").frames
    for number, picture in enumerate(seen):
        cut = next(c for c in edl["tracks"]["program"] if c["startFrame"] <= number < c["endFrameExclusive"])
        assert (picture.camera, picture.frame) == (cut["camera"], talk.frame_shown_at(cut["camera"], number / 30))
    assert edl["status"] == "locked"


def test_the_report_says_what_is_in_the_files(small_programme) -> None:
    talk, run = small_programme.talk, small_programme.run
    made = small_programme.artifacts
    assert set(made) == {"full_16_9", "short_9_16", "clip_1_1", "thumbnail"}
    for name in ("full_16_9", "short_9_16", "clip_1_1"):
        measured = small_programme.loud[name]
        assert measured.lufs == pytest.approx(-14.0, abs=0.5)
        assert measured.peak_dbtp <= -1.0
        assert made[name]["loudnessLufs"] == pytest.approx(measured.lufs, abs=0.15)
        assert made[name]["sizeBytes"] == small_programme.path(name).stat().st_size
        assert made[name]["durationMs"] == pytest.approx(talk.seconds * 1000, abs=1)
        assert made[name]["url"] in run.said
    placed = {(place["camera"], place["clip"]): place["offsetMs"] for place in run.report["sync"]}
    assert {camera for camera, _ in placed} == {"A", "B", "C", "AUDIO"}
    for (camera, clip), offset_ms in placed.items():
        recorder = "mix" if camera == "AUDIO" else camera
        assert offset_ms == pytest.approx(talk.clip_offset_s(recorder, clip) * 1000, abs=2.0)


@pytest.mark.slow
def test_the_same_command_on_a_fresh_machine_gives_the_same_papers(small_programme, ruach_run) -> None:
    done = small_programme.run
    again = ruach_run(done.out.parent, *small_programme.words, data="data-fresh", out="out-fresh")
    assert (again.out / "edl.json").read_bytes() == (done.out / "edl.json").read_bytes()
    assert (again.out / "edl.fcpxml").read_bytes() == (done.out / "edl.fcpxml").read_bytes()
    assert (again.out / "full_16_9.mp4").read_bytes() == (done.out / "full_16_9.mp4").read_bytes()


@pytest.mark.slow
def test_the_same_command_again_makes_nothing_twice(small_programme, ruach_run) -> None:
    done = small_programme.run
    again = ruach_run(done.out.parent, *small_programme.words, out="out-again")
    first, second = ({a["format"]: a["renderJobId"] for a in r.report["artifacts"]} for r in (done, again))
    assert second == first
    assert {path.name for path in again.out.iterdir()} == FILES
