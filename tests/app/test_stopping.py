"""A service that is told to end: workers, relay and the embedded database end in order, and the exit code says so."""

import json
import signal
import subprocess

import pytest

from ruach_studio.testing.service import COMMAND, Service, wait


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("words", [("serve",), ("worker",)])
def test_a_signal_ends_everything_in_order(tmp_path, number, words):
    service = Service(tmp_path)
    if words == ("serve",):
        service.start()
        process, last = service.process, "service.stopped"
    else:
        with service.log.open("ab") as log:
            process = subprocess.Popen([*COMMAND, "worker"], env=service.environment, stderr=log, start_new_session=True)
        wait(lambda: "worker.process.started" in service.log.read_text(), 60, "the worker does not start")
        last = "worker.process.stopped"
    process.send_signal(number)
    assert process.wait(60) == 0
    events = [json.loads(line)["event"] for line in service.log.read_text().splitlines() if line.startswith("{")]
    assert events[-1] == last
    assert "worker.stopped" in events
    assert not (tmp_path / "data" / "postgres" / "cluster" / "postmaster.pid").exists()
