"""`ruach render` looks at a file that a person may have edited by hand before it makes anything."""

import json

import pytest

from ruach_studio.app.cli.main import run_command

CLIP = {
    "path": "/no/such/a.mp4", "offsetMs": 0.0, "driftPpm": 0.0, "durationMs": 4000.0, "fps": "30/1", "width": 64,
    "height": 36, "hasAudio": True, "startMs": 0.0,
}  # fmt: skip
SOURCE = {"assetId": "a", "role": "camera", "offsetMs": 0.0, "driftPpm": 0.0, "syncConfidence": 1.0, "clips": [CLIP]}
CUT = {"id": "c", "startFrame": 0, "endFrameExclusive": 120, "camera": "A", "reason": "speaker", "confidence": 0.9}
LOCKED = {
    "schemaVersion": "1.0", "sessionId": "talk", "masterCamera": "A", "durationFrames": 120, "fps": "30/1", "version": 1,
    "status": "locked", "source": "auto", "rulesVersion": "angle-v2", "syncVersion": 1,
    "tracks": {"program": [CUT]}, "sources": {"A": SOURCE},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"sources": {"A": {**SOURCE, "clips": []}}}, "no clip"),
        ({"sources": {"A": {**SOURCE, "clips": [{**CLIP, "driftPpm": -1e6}]}}}, "drift"),
        ({"tracks": {"program": [{**CUT, "startFrame": -5}]}}, "starts before the programme"),
        ({"tracks": {"program": [{**CUT, "camera": "Q"}]}}, "which is no source"),
        ({"status": "draft"}, "it is 'draft'"),
    ],
)
def test_an_edl_with_an_error_is_not_rendered(change, fact, tmp_path, capsys):
    file = tmp_path / "talk.edl.json"
    file.write_text(json.dumps({**LOCKED, **change}))
    assert run_command(["render", str(file), "--out", str(tmp_path / "out"), "--json"]) == 2
    said = json.loads(capsys.readouterr().err)
    assert fact in said["detail"]
    assert said["remedy"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["--frame", "Q=0.4"], "places no subject"),
        (["--frame", "A=1.4"], "places no subject"),
        (["--frame", "A"], "is no place"),
        (["--preset", "{}/clip_1_1.toml"], "already"),
        (["--preset", "{}/mine.toml", "--preset", "{}/mine.toml"], "already"),
        (["--preset", "{}/odd.json"], "odd side"),
        (["--preset", "{}/none.toml"], "cannot be read"),
    ],
)
def test_a_place_or_a_format_that_cannot_be_is_refused_before_anything_is_made(arguments, fact, tmp_path, capsys):
    file = tmp_path / "talk.edl.json"
    file.write_text(json.dumps(LOCKED))
    for name in ("clip_1_1", "mine"):
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"\nwidth = 64\nheight = 64\n')
    (tmp_path / "odd.json").write_text('{"name": "odd", "width": 65, "height": 64}')
    given = [text.format(tmp_path) for text in arguments]
    assert run_command(["render", str(file), "--out", str(tmp_path / "out"), "--json", *given]) == 2
    assert fact in json.loads(capsys.readouterr().err)["detail"]
    assert not (tmp_path / "out").exists()
