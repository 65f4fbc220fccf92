"""A small published path, a member on it, and a worker that runs what is due at once."""

import pytest
import sqlalchemy as sa

from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.store import journal, projections
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.beat_heart import beat_heart
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.load_journey import load_enrollment
from ruach_studio.formation.usecases.project_enrollment import project_enrollment
from ruach_studio.formation.usecases.rebuild_projection import rebuild_projection
from ruach_studio.formation.usecases.reset_score import reset_score
from ruach_studio.formation.usecases.submit_reflection import submit_reflection

from .recovery import asked

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
GOOD = (
    "Last week I went to the early prayer and I felt afraid that nothing would change in me. I struggled to be honest"
    " about how angry I was with my father. I realised that I had been hiding behind my work for years. When I look back I"
    " see that I avoided silence because I did not want to hear the truth. My brother told me that he saw it differently,"
    " and from his side I had been absent. I believe that God was patient with me there. I learned that asking for help is"
    " not weakness. Next time I will call him before I decide anything, and I plan to sit in silence each morning."
)

OTHER = (
    "Yesterday I sat with my neighbour on the stairs and I was nervous, because I had not spoken to her for months. It was"
    " hard for me to admit that I judged her without knowing anything. I noticed that my anger was really fear of being left"
    " alone. Looking back, I ask myself why I wait until things break. She thinks quietly, and from her point of view I had"
    " been loud and cold. I felt relieved when we laughed at last. I discovered that a small visit changes more than a long"
    " speech. From now on I will knock on her door on Sundays and I want to listen first."
)


@pytest.fixture
def other():
    """Another one, which shares no five words in a row with it."""
    return OTHER


@pytest.fixture
def good():
    """A reflection of 109 words that the rubric scores well."""
    return GOOD


@pytest.fixture
def small_graph(make_node):
    """Two phases: a section of 30 s, a prompt and a checkpoint; then a section behind a gate of 0.40."""
    return Graph(
        1,
        (
            make_node("s1", 1, min_dwell_s=30, tags=frozenset({"prayer"})),
            make_node("r1", 2, kind="reflection", prerequisites=("s1",), tags=frozenset({"truth"})),
            make_node("c1", 3, kind="checkpoint", prerequisites=("s1",)),
            make_node("s2", 4, 2, prerequisites=("c1",), gate=ScoreGate(4000, "awakening")),
        ),
    )


@pytest.fixture
def nodes(make_node):
    """Three steps of the first phase, and one of the second behind a gate."""
    return (
        make_node("a", 0), make_node("b", 0, prerequisites=("a",)),
        make_node("c", 0, kind="checkpoint", prerequisites=("b",)),
        make_node("d", 0, 2, prerequisites=("c",), gate=ScoreGate(5000, "awakening")),
    )  # fmt: skip


@pytest.fixture
async def member(services, publish, small_graph, ids):
    """Enroll USER on the published small graph; return the enrollment."""
    await publish(small_graph)
    done = await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True)
    return done.enrollment


@pytest.fixture
def read_section(services, clock, ids):
    """Return a coroutine that keeps a tab open on a node for some beats of 10 s."""

    async def do(node_id="s1", beats=4, session="tab", user=USER, start=0):
        counted = None
        for sequence in range(start, start + beats):
            counted = await beat_heart(services, user, session, node_id, sequence)
            clock.later(seconds=10)
        return counted

    return do


@pytest.fixture
def project(services, ids):
    """Return a coroutine that does what the queue's job does."""

    async def do(enrollment):
        return await project_enrollment(services, enrollment.enrollment_id)

    return do


@pytest.fixture
def journey(services):
    """Return a coroutine that loads the journey of an enrollment."""

    async def do(enrollment, as_of=None):
        async with services.database.connection() as conn:
            return await load_enrollment(services, conn, enrollment.enrollment_id, as_of=as_of)

    return do


@pytest.fixture
def types(services):
    """Return a coroutine that lists (type, content) of an enrollment's journal."""

    async def do(enrollment):
        async with services.database.connection() as conn:
            return [(each.event_type, each.content_id) for _, each in await journal.read(conn, enrollment.enrollment_id)]

    return do


@pytest.fixture
def waiting(services):
    """Return a coroutine that lists the jobs of formation-state as (name, payload, delayed)."""

    async def do():
        async with services.database.connection() as conn:
            rows = await conn.execute(
                sa.text("SELECT name, payload FROM platform.execution WHERE queue = 'formation-state' ORDER BY created_at")
            )
            return [(row.name, row.payload) for row in rows]

    return do


@pytest.fixture
def published_ghosts(services):
    """Return a coroutine that lists the payloads of `formation.ghost-state` in the outbox."""

    async def do():
        async with services.database.connection() as conn:
            rows = await conn.execute(
                sa.text("SELECT payload FROM platform.outbox WHERE event_type = 'formation.ghost-state' ORDER BY id")
            )
            return [row.payload for row in rows]

    return do


@pytest.fixture
async def walked(services, member, read_section, project, good, clock):
    """The member has read s1, written on r1 and passed c1; the projection is up to date."""
    await read_section()
    await submit_reflection(services, USER, "r1", OTHER)
    clock.later(seconds=60)
    await read_section("c1", session="second", beats=2)
    await attempt_checkpoint(services, USER, "c1", good)
    await project(member)
    clock.later(seconds=60)
    return member


@pytest.fixture
def repair(services, clock):
    """Return a coroutine that replays an enrollment's journal for Anna."""

    async def do(enrollment, *, dry_run=False):
        wish = asked(clock, dry_run=dry_run)
        place = services.database.connection() if dry_run else services.database.transaction()
        async with place as conn:
            return await rebuild_projection(services, conn, enrollment.enrollment_id, wish)

    return do


@pytest.fixture
def reset(services, clock):
    """Return a coroutine that resets an enrollment's score for Anna."""

    async def do(enrollment, *, dry_run=False, void=()):
        wish = asked(clock, dry_run=dry_run)
        place = services.database.connection() if dry_run else services.database.transaction()
        async with place as conn:
            return await reset_score(services, conn, enrollment.enrollment_id, wish, void=void)

    return do


@pytest.fixture
def stored(services):
    """Return a coroutine that gives an enrollment's stored projection and its journal."""

    async def do(enrollment):
        async with services.database.connection() as conn:
            events = await journal.read(conn, enrollment.enrollment_id)
            return await projections.get(conn, enrollment.enrollment_id), events

    return do
