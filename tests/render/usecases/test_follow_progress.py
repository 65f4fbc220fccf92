import asyncio
from types import SimpleNamespace

from ruach_studio.infra.queues import report_progress
from ruach_studio.kernel.errors import Unavailable
from ruach_studio.render.ports import RenderProgress
from ruach_studio.render.usecases.follow_progress import ProgressReporter


def context(rows, *, broken=False):
    async def save(state):
        if broken:
            raise Unavailable("the database is away")
        rows.append(state)

    return SimpleNamespace(progress=save)


async def test_thousands_of_reports_become_a_few_rising_rows(monkeypatch):
    monkeypatch.setattr(report_progress, "INTERVAL_S", 0.02)
    rows = []
    async with ProgressReporter(context(rows)) as report:
        await report.begin("render")
        for frame in range(2000):
            report.drawing(RenderProgress(frame, 2000, 50.0, 12.34))
            if frame % 500 == 0:
                await asyncio.sleep(0.03)
        await report.begin("normalize")
    assert 3 <= len(rows) <= 12
    assert rows[0]["step"] == "render"
    assert (rows[-1]["step"], rows[-1]["progress"], rows[-1]["percent"]) == ("normalize", 0.88, 88.0)
    assert [row["progress"] for row in rows] == sorted(row["progress"] for row in rows)
    drawn = [row for row in rows if "frames" in row]
    assert drawn
    assert all(row["totalFrames"] == 2000 and row["etaSeconds"] == 12.3 for row in drawn)


async def test_a_step_taken_up_again_never_shows_less_than_before():
    rows = []
    async with ProgressReporter(context(rows)) as report:
        await report.begin("normalize")
        report.drawing(RenderProgress(1, 100, 1.0, None))
    assert [row["progress"] for row in rows] == [0.88, 0.88]


async def test_a_render_goes_on_without_an_audience():
    async with ProgressReporter(context([], broken=True)) as report:
        await report.begin("render")
