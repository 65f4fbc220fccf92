"""Turn the shipped sample path and a finished film into a member's first twelve days, lived in a few seconds.

The same use cases as behind the API; only the clock is the demo's own. Given the same data again, nothing is lived twice.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ruach_studio.app.demo_texts import TEXTS
from ruach_studio.app.pillars import consumers
from ruach_studio.app.wiring import Services
from ruach_studio.formation.entrypoints.path_file import read_path_file, sample_file
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.store import graphs, pieces
from ruach_studio.formation.store.artifacts import Artifact
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.beat_heart import beat_heart
from ruach_studio.formation.usecases.check_access import Checked, check_access
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.install_sample_path import install_sample_path
from ruach_studio.formation.usecases.project_enrollment import project_enrollment
from ruach_studio.formation.usecases.recommend_next_steps import Recommendation, recommend_next_steps
from ruach_studio.formation.usecases.show_node import show_node
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.formation.usecases.write_piece import write_piece
from ruach_studio.infra.auth.accounts import create_account, ensure_local_operator, find_account
from ruach_studio.infra.outbox import Relay

MEMBER = "member@demo.localhost"
DAYS = 12
BEAT_S = 10


@dataclass
class DemoClock:
    """A clock that the demo moves."""

    at: datetime

    def now(self) -> datetime:
        """Return the demo's present."""
        return self.at


@dataclass(frozen=True, slots=True)
class Lived:
    """Where the demo's member stands today: the next steps, the next shut door, and the film on the first step."""

    email: str
    account_id: str
    enrollment_id: str
    next_steps: Recommendation
    door: Checked
    media: Sequence[Artifact]


async def live(services: Services, session_id: str) -> Lived:
    """Publish the sample path, show the session's film on its first step, and walk a member through the first phase."""
    path = read_path_file(sample_file())
    async with services.database.transaction() as tx:
        actor = (await ensure_local_operator(tx)).actor
        account = await find_account(tx, MEMBER)
        if account is None:  # nobody knows its password: it is the demo's
            account = await create_account(tx, MEMBER, secrets.token_urlsafe(24), ["member"], actor=actor)
    await install_sample_path(services, path, actor=actor)
    async with services.database.connection() as conn:
        version = await graphs.current_version(conn, path.path_id) or 1
        graph = await services.graphs.get(conn, path.path_id, version)
        first = await pieces.get(conn, graph.order[0].content_ref)
    if first is not None:
        await write_piece(services, replace(first, session_id=session_id), actor=actor)
    await Relay(services.database, consumers(services)).drain()  # what render has published reaches the catalogue
    clock = DemoClock(services.clock.now() - timedelta(days=DAYS))
    then = replace(services, clock=clock)
    enrolled = await enroll_in_formation_path(
        then, account.account_id, covenant="formation_journey", acknowledged_terms=True, path_id=path.path_id
    )
    if enrolled.created:
        await _walk(then, clock, graph, account.account_id, enrolled.enrollment.enrollment_id)
    page = await show_node(services, account.account_id, graph.order[0].node_id, path_id=path.path_id)
    steps = await recommend_next_steps(services, account.account_id, path_id=path.path_id)
    (door,) = await _doors(services, account.account_id, graph)
    return Lived(MEMBER, account.account_id, enrolled.enrollment.enrollment_id, steps, door, page.media)


async def _doors(services: Services, user_id: str, graph: Graph) -> list[Checked]:
    """Return the gate's answer at the first score gate that is shut; at the last one if all stand open."""
    doors: list[Checked] = []
    for node in graph.order:
        if node.gate is not None and (not doors or doors[0].result.verdict.decision == "granted"):
            doors = [await check_access(services, user_id, node.node_id, path_id=graph.path_id)]
    return doors


async def _walk(then: Services, clock: DemoClock, graph: Graph, user_id: str, enrollment_id: str) -> None:
    """Do the steps of the first phase that there are texts for, one on each of the first days."""
    for node in graph.order:
        if node.phase != graph.order[0].phase or (node.kind != "section" and node.node_id not in TEXTS):
            continue
        await _do(then, clock, node, user_id)
        await project_enrollment(then, enrollment_id)
        clock.at += timedelta(days=1)


async def _do(then: Services, clock: DemoClock, node: Node, user_id: str) -> None:
    for sequence in range(-(-node.min_dwell_s // BEAT_S) + 1):
        await beat_heart(then, user_id, f"demo-{node.node_id}", node.node_id, sequence)
        clock.at += timedelta(seconds=BEAT_S)
    if node.kind == "reflection":
        await submit_reflection(then, user_id, node.node_id, TEXTS[node.node_id])
    elif node.kind == "checkpoint":
        await attempt_checkpoint(then, user_id, node.node_id, TEXTS[node.node_id])
