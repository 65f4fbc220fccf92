"""The pipeline without a database: right people on screen, the same bytes twice, refusals that name the file."""

from pathlib import Path

import pytest

from ruach_studio.assembly.angles import AngleOptions
from ruach_studio.assembly.edl import edl_bytes, validate_edl
from ruach_studio.assembly.usecases.draft import CameraFiles, DraftOptions, NotTheSameEvent, draft
from ruach_studio.infra.media import BadMedia
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash


def cameras(footage, names="ABW", wide="W"):
    return [CameraFiles(n, (Path(footage.path(n)),), "wide" if n == wide else "camera") for n in names]


async def test_files_become_a_draft_that_shows_who_speaks(footage, tmp_path, correct):
    steps = []
    made = await draft("talk", cameras(footage), scratch=tmp_path, progress=lambda step, _share: steps.append(step))
    assert list(dict.fromkeys(steps)) == ["probe", "listen", "sync", "energy", "angles"]
    end = made.plan.duration_s
    turns = [(start, min(stop, end), who) for start, stop, who in footage.turns if start < end]
    assert correct(made.plan.shots, turns) >= 0.95
    for placement in made.solution.placements:
        assert placement.offset_s == pytest.approx(footage.offsets_s[placement.camera_id], abs=0.002)
    assert validate_edl(made.edl).ok
    assert made.edl.sources["B"].offset_ms == pytest.approx(1250.0, abs=2.0)
    assert set(made.matrices) == {500, 100}
    assert [cut_id for cut_id, _ in made.decisions] == [cut.id for cut in made.edl.program]
    assert {verdict.inputs_hash for _, verdict in made.decisions} == {inputs_hash(made.plan.inputs)}


async def test_the_same_files_give_the_same_bytes(footage, tmp_path):
    one = await draft("talk", cameras(footage), scratch=tmp_path / "one")
    two = await draft("talk", cameras(footage), scratch=tmp_path / "two")
    assert edl_bytes(one.edl) == edl_bytes(two.edl)
    assert [v.inputs_hash for _, v in one.decisions] == [v.inputs_hash for _, v in two.decisions]


async def test_rulesets_and_microphones_are_the_operators_choice(footage, tmp_path):
    first = await draft("talk", cameras(footage), DraftOptions(ruleset="angle-v1"), scratch=tmp_path)
    assert (first.edl.rules_version, first.edl.options["energy"]["windowMs"]) == ("angle-v1", 500)
    swapped = DraftOptions(mic_map={"A": "B", "B": "A"}, angle=AngleOptions(pace_s=1.2))
    plain = await draft("talk", cameras(footage), DraftOptions(angle=AngleOptions(pace_s=1.2)), scratch=tmp_path)
    other = await draft("talk", cameras(footage), swapped, scratch=tmp_path)
    assert plain.plan.shots[1].camera == "B"
    assert next(s.camera for s in other.plan.shots if s.start_s > 2.0) == "A"


async def test_unrelated_sound_is_called_so(footage, make_footage, tmp_path):
    other = make_footage(tmp_path, seconds=12.0, seed=99)
    files = [*cameras(footage, "A"), CameraFiles("X", (Path(other.path("B")),))]
    with pytest.raises(NotTheSameEvent, match="matches no other camera") as caught:
        await draft("talk", files, scratch=tmp_path / "scratch")
    assert caught.value.subject == other.path("B")
    assert (caught.value.exit_code, bool(caught.value.remedy)) == (2, True)


async def test_what_cannot_be_used_is_refused_before_any_decoding(footage, tmp_path):
    (tmp_path / "text.mp4").write_text("not a film")
    (tmp_path / "empty.mp4").touch()
    for name, fact in (("missing.mp4", "no such file"), ("text.mp4", "not a media file"), ("empty.mp4", "0 bytes")):
        files = [*cameras(footage, "A"), CameraFiles("X", (tmp_path / name,))]
        with pytest.raises(BadMedia, match=fact):
            await draft("talk", files, scratch=tmp_path / "scratch")
    with pytest.raises(BadInput, match="1 camera"):
        await draft("talk", cameras(footage, "A"), scratch=tmp_path / "scratch")
    with pytest.raises(BadInput, match="2 cameras have this name"):
        await draft("talk", cameras(footage, "AB") + cameras(footage, "A"), scratch=tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()
