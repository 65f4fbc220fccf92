"""What a handler raises becomes a report that rows, dead letters and events can keep, whatever is in it."""

import json

from ruach_studio.infra.queues.failure import describe
from ruach_studio.kernel.errors import MediaFailure


def test_a_report_holds_nothing_that_cannot_be_stored():
    error = MediaFailure("FFmpeg said a\x00b", subject="/m/caf\udce9.mp4", remedy="Look\x00at it.", tried=object)
    try:
        raise error
    except MediaFailure as caught:
        report = describe(caught)
    assert report.message == "/m/caf?.mp4: FFmpeg said a\ufffdb. Look\ufffdat it."
    assert report.details == {"subject": "/m/caf?.mp4", "remedy": "Look\ufffdat it.", "tried": "<class 'object'>"}
    assert "MediaFailure" in report.traceback
    whole = json.dumps(report.to_wire(), ensure_ascii=False, allow_nan=False).encode()
    assert b"\\u0000" not in whole
