"""Every line carries the ids of its work, goes to standard error only, and shows no secret."""

import json
import logging
import os
from collections.abc import Iterator

import pytest

from ruach_studio.infra.context import bind
from ruach_studio.infra.logging import configure, get_logger
from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.ids import is_uuid4

ALL_NONE = {"correlationId": None, "automationId": None, "renderJobId": None, "formationEnrollmentId": None}


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_a_json_line_has_the_event_its_fields_and_all_four_ids(capsys) -> None:
    configure(load_settings(log_json=True))
    log = get_logger("ruach.render")
    with bind(correlation_id="c", automation_id="a", render_job_id="r", enrollment_id="f"):
        log.info("render.step.finished", step="upload", seconds=1.5)
    log.warning("render.step.started")
    first, second = lines(capsys)
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "render.step.finished",
        "level": "info",
        "logger": "ruach.render",
        "step": "upload",
        "seconds": 1.5,
        "correlationId": "c",
        "automationId": "a",
        "renderJobId": "r",
        "formationEnrollmentId": "f",
    }
    others = {name: second[name] for name in ALL_NONE if name != "correlationId"}
    assert set(others.values()) == {None}
    assert is_uuid4(second["correlationId"]), "what nobody asked for bears the id of the process"
    log.warning("render.step.started")
    assert lines(capsys)[0]["correlationId"] == second["correlationId"]


def test_a_librarys_line_takes_the_same_form(capsys) -> None:
    configure(load_settings(log_json=True))
    with bind(correlation_id="c"):
        logging.getLogger("uvicorn.error").warning("slow %s", "client", extra={"peer": "10.0.0.1"})
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["peer"], line["correlationId"]) == ("slow client", "warning", "10.0.0.1", "c")


def test_an_exception_is_one_json_line_with_its_traceback(capsys) -> None:
    configure(load_settings(log_json=True))
    try:
        raise KeyError("gone")
    except KeyError:
        get_logger("x").exception("job.failed")
    (line,) = lines(capsys)
    assert "KeyError: 'gone'" in line["exception"]


def test_secrets_are_masked_at_any_depth(capsys) -> None:
    configure(load_settings(log_json=True))
    get_logger("x").info(
        "db.opened",
        database_url="postgresql://u:hunter2@h/d",
        password="hunter2",
        headers={"Authorization": "Bearer hunter2", "Accept": "json"},
        items=[{"apiKey": "hunter2"}, "redis://:hunter2@h"],
    )
    (line,) = lines(capsys)
    assert "hunter2" not in json.dumps(line)
    assert line["database_url"] == "postgresql://u:***@h/d"
    assert line["headers"] == {"Authorization": "***", "Accept": "json"}


def test_the_level_holds_and_configuring_twice_does_not_double_lines(capsys) -> None:
    for _ in range(2):
        configure(load_settings(log_json=True, log_level="WARNING"))
    get_logger("x").info("too.quiet")
    get_logger("x").warning("loud.enough")
    assert [line["event"] for line in lines(capsys)] == ["loud.enough"]


def test_the_console_shows_only_the_ids_that_are_bound(capsys) -> None:
    configure(load_settings(log_json=False))
    with bind(correlation_id="c-1"):
        get_logger("x").info("sync.finished", cameras=3)
    out, err = capsys.readouterr()
    assert out == ""
    assert "sync.finished" in err
    assert "correlationId=c-1" in err
    assert "cameras=3" in err
    assert "renderJobId" not in err
    assert "\x1b" not in err


def test_a_traceback_at_a_desk_shows_the_lines_and_no_values(capsys, monkeypatch) -> None:
    monkeypatch.setenv("WORDS", "a member's own confession")
    configure(load_settings(log_json=False))

    def reads(words: str) -> None:
        raise ValueError(f"{len(words)} words")

    try:
        reads(os.environ["WORDS"])
    except ValueError:
        get_logger("ruach.formation").exception("request.failed")
    out, err = capsys.readouterr()
    assert (out, "confession" in err) == ("", False)
    assert 'raise ValueError(f"{len(words)} words")' in err
    assert "ValueError: 25 words" in err
