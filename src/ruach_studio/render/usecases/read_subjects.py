"""Turn a session into where its subjects stand: what operators said, and what a render's job took."""

import asyncio
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ruach_studio.render.presets import Preset
from ruach_studio.render.store import positions
from ruach_studio.render.store.positions import PositionRow
from ruach_studio.render.store.steps import DoneStep
from ruach_studio.render.usecases.find_subjects import Subjects, find_subjects
from ruach_studio.render.usecases.services import RenderServices


async def list_positions(services: RenderServices, session_id: str) -> Sequence[PositionRow]:
    """Return the newest word about each camera of a session; none for an unknown one."""
    async with services.database.connection() as conn:
        return await positions.newest(conn, session_id)


async def subjects_of_job(
    services: RenderServices, session_id: str, wire: Mapping[str, object], preset: Preset, began: DoneStep | None,
    cancelled: asyncio.Event,
) -> Subjects:  # fmt: skip
    """Return where a job's subjects are: as its first run took them (`began`, its preflight), else as they are now."""
    if began is not None:
        return subjects_from(began.facts)
    if not preset.follows_subject:
        return Subjects()
    async with services.database.connection() as conn:
        said = await positions.newest(conn, session_id)
    told = {row.camera: Fraction(str(row.x)) for row in said if row.x is not None}
    return await find_subjects(wire, [preset], told, cancelled)


def subjects_to_facts(subjects: Subjects) -> Mapping[str, Any]:
    """Return what preflight keeps, so that a retry crops exactly the same."""
    return {"subjects": {camera: str(x) for camera, x in subjects.places.items()}, "subjectNotes": list(subjects.notes)}


def subjects_from(facts: Mapping[str, Any]) -> Subjects:
    """Read what preflight kept; jobs that began before that was kept have their crops at the centre."""
    places = {camera: Fraction(x) for camera, x in facts.get("subjects", {}).items()}
    return Subjects(places, (), tuple(facts.get("subjectNotes", ())))
