"""The made talk is what its truth says: frames, clocks, sound, turns; and it is the same each time."""

import hashlib
import itertools
from pathlib import Path

import av
import numpy as np
import pytest
import soxr
from scipy.signal import fftconvolve

from ruach_studio.testing.talk import Talk, clean_scene, make_talk, read_strip
from ruach_studio.testing.talk_scene import load_script, place_turns, speaker_at
from ruach_studio.testing.talk_sound import DELAY_S

SMALL = {"seconds": 14, "size": (320, 180)}


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    return make_talk(tmp_path_factory.mktemp("talk"), **SMALL, split_b=True, mixer=True)


def decoded_sound(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
        planar = container.streams.audio[0].codec_context.format.is_planar
    sound = np.concatenate(blocks, axis=1)
    return (sound if planar else sound.astype(np.float32) / 32768).mean(axis=0)


@pytest.mark.slow
def test_every_frame_carries_its_camera_and_number(talk: Talk) -> None:
    for camera in talk.cameras:
        for clip in camera.clips if camera.role != "audio" else ():
            with av.open(str(talk.folder / clip.name)) as container:
                read = [read_strip(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]
            assert read == [(camera.camera_id, clip.first_frame + n) for n in range(clip.frames)]


def test_the_sound_lies_where_offset_and_drift_say(talk: Talk) -> None:
    scene, (start_s, length_s) = clean_scene(talk), (5.0, 2.5)  # speaker 1 alone
    query = scene[round(start_s * 48_000) : round((start_s + length_s) * 48_000)]
    for camera in talk.cameras:
        sound = np.concatenate([decoded_sound(path) for path in talk.files[camera.camera_id]])
        sound = soxr.resample(sound, camera.sound_rate, 48_000)
        if len(camera.clips) > 1:
            continue  # decoded AAC clips are padded to whole packets, so they do not join sample by sample
        begin = round((camera.local_s(start_s) - 0.05) * 48_000)
        match = fftconvolve(sound[begin : begin + len(query) + 4800], query[::-1], "valid")
        error_ms = ((begin + int(np.argmax(match))) / 48_000 - camera.local_s(start_s)) * 1000
        assert error_ms == pytest.approx(DELAY_S * 1000, abs=0.1)


def test_frame_phase_against_the_master_stays_within_a_fifth_of_a_frame() -> None:
    for fps in ("30/1", "25/1", "30000/1001"):
        talk = Talk(Path(), 90.0, fps, 7, "A", "C", planned_cameras(fps), (), {})
        for camera in talk.cameras:
            for t_s in np.arange(0, 90, 0.5):
                frame = talk.rate.frame_at(t_s)
                grid_s = float(talk.rate.seconds(frame))
                shown_s = talk.frame_master_s(camera.camera_id, talk.frame_shown_at(camera.camera_id, grid_s))
                assert abs(shown_s - grid_s) * float(talk.rate.value) < 0.2


def planned_cameras(fps: str):
    from ruach_studio.kernel.timebase import FrameRate
    from ruach_studio.testing import talk as module

    return tuple(module._truth(plan, FrameRate.parse(fps), 90.0, (320, 180), False) for plan in module._PLANS)


def test_speakers_turns_and_the_way_back_from_json(talk: Talk) -> None:
    assert Talk.from_json(talk.folder / "talk.json") == talk
    assert (talk.true_speaker_at(0.2), talk.true_speaker_at(3), talk.true_speaker_at(10)) == (None, "1", "2")
    assert talk.camera_of == {"1": "A", "2": "B"}
    assert [len(files) for files in talk.files.values()] == [1, 2, 1, 1]
    assert talk.clip_offset_s("B", 1) == pytest.approx(talk.frame_master_s("B", talk.camera("B").clips[1].first_frame))
    offset_s, drift_ppm = talk.relative_to("A", "B")
    assert offset_s == pytest.approx(-3.1982, abs=1e-3)
    assert drift_ppm == pytest.approx(-40, abs=0.01)


def test_the_full_dialogue_has_cross_talk_backchannels_and_a_long_silence() -> None:
    turns = place_turns(load_script(), 90.0)
    seen = {speaker_at(turns, t / 10) for t in range(900)}
    assert seen == {"1", "2", "both", None}
    assert sum(turn.kind == "backchannel" for turn in turns) == 2
    floor = [turn for turn in turns if turn.kind == "turn"]
    assert max(b.start_s - a.end_s for a, b in itertools.pairwise(floor)) == pytest.approx(3.0)
    assert min(turn.end_s - turn.start_s for turn in floor) > 1.5
    assert place_turns(load_script(), 200.0)[-1].end_s > 180


@pytest.mark.slow
def test_the_same_arguments_give_the_same_bytes(talk: Talk, tmp_path: Path) -> None:
    again = make_talk(tmp_path, **SMALL, split_b=True, mixer=True)

    def prints(made: Talk) -> list[str]:
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(made.folder.iterdir())]

    assert prints(again) == prints(talk)


def test_a_talk_too_short_for_two_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 8 seconds"):
        make_talk(tmp_path, seconds=5)
