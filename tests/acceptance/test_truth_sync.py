"""Sync of the made footage against its clocks: 2 ms and 2 ppm; a recording of something else is called unrelated."""

import asyncio
from pathlib import Path

import pytest

from ruach_studio.assembly.sync import align
from ruach_studio.assembly.usecases.listen import listen_all
from ruach_studio.testing.bad_inputs import bad_inputs
from ruach_studio.testing.talk import Talk, make_talk

pytestmark = pytest.mark.xdist_group("talk90")
OFFSET_MS, DRIFT_PPM = 2.0, 2.0


def test_offset_and_drift_of_every_clip(talk90: Talk, drafts90) -> None:
    for placement in drafts90("angle-v2").solution.placements:
        camera = talk90.camera(placement.camera_id)
        true_s = talk90.clip_offset_s(placement.camera_id, placement.clip_index)
        off_ms, off_ppm = (placement.offset_s - true_s) * 1000, placement.drift_ppm - camera.drift_ppm
        length_s = camera.clips[placement.clip_index].frames / 30 or talk90.seconds
        end_ms = off_ms + length_s * off_ppm * 1e-3
        print(f"{placement.camera_id}[{placement.clip_index}] {off_ms:+.3f} ms {off_ppm:+.2f} ppm end {end_ms:+.3f} ms "
              f"confidence {placement.confidence:.2f} {placement.classification}")  # fmt: skip
        assert abs(off_ms) <= OFFSET_MS
        assert abs(end_ms) <= OFFSET_MS
        if len(camera.clips) == 1:
            assert abs(off_ppm) <= DRIFT_PPM
        assert placement.classification == "looks-good"


@pytest.mark.slow
def test_microphones_that_stand_apart_cost_less_than_the_limit(assembled, tmp_path: Path) -> None:
    """With 35 cm more to the other person's microphone no clock is the truth for both voices; sync must lie between them."""
    talk = make_talk(tmp_path / "apart", seconds=60, size=(160, 92), path_spread_s=0.001)
    for placement in assembled(talk, tmp_path / "scratch").solution.placements:
        off_ms = (placement.offset_s - talk.clip_offset_s(placement.camera_id, 0)) * 1000
        off_ppm = placement.drift_ppm - talk.camera(placement.camera_id).drift_ppm
        end_ms = off_ms + talk.seconds * off_ppm * 1e-3
        print(f"{placement.camera_id} {off_ms:+.3f} ms {off_ppm:+.2f} ppm end {end_ms:+.3f} ms {placement.classification}")
        assert abs(off_ms) <= OFFSET_MS
        assert abs(end_ms) <= OFFSET_MS
        assert placement.classification == "looks-good"


def test_the_mixer_track_is_the_programme_sound(drafts90) -> None:
    wire = drafts90("angle-v2").wire
    assert (wire["audio"]["programme"], wire["masterCamera"]) == ("mix", "A")
    assert {cut["camera"] for cut in wire["tracks"]["program"]} <= {"A", "B", "C"}


def test_an_unrelated_recording_asks_for_a_hand(talk90: Talk, tmp_path: Path) -> None:
    unrelated = bad_inputs(tmp_path / "bad")["unrelated"]
    paths = [talk90.files["A"][0], talk90.files["C"][0], unrelated]
    digests = asyncio.run(listen_all(paths, tmp_path / "scratch"))
    solution = align({name: [digest] for name, digest in zip("ACX", digests, strict=True)}, "A")
    placed = {placement.camera_id: placement for placement in solution.placements}
    assert placed["X"].classification == "needs-manual-nudge"
    assert placed["X"].confidence < 0.5
    assert placed["C"].classification == "looks-good"
