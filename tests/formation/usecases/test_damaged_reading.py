"""A damaged copy costs a replay and no error; a damaged journal is refused by the name of its event, never by a 500."""

import pytest

from ruach_studio.formation.repair import JournalUnreadable
from ruach_studio.formation.state import digest

from .recovery import alter_snapshot, damage


async def test_an_unreadable_projection_is_only_a_copy(services, database, member, read_section, project, journey):
    await read_section()
    await project(member)
    whole = digest((await journey(member)).state)
    await alter_snapshot(database, member.enrollment_id, "{facts,phase_started}", [1, 2])
    assert digest((await journey(member)).state) == whole
    await alter_snapshot(database, member.enrollment_id, "{facts}", 7)
    assert digest((await journey(member)).state) == whole


async def test_an_unreadable_event_is_named(services, database, member, read_section, journey):
    await read_section()
    await damage(database, "UPDATE formation.journal SET data = '{}', brief = '[' WHERE event_type = 'section_completed'")
    with pytest.raises(JournalUnreadable, match="section_completed lacks") as refused:
        await journey(member)
    assert refused.value.status == 409
    assert "reset-score" in refused.value.remedy
