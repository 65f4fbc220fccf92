"""Turn a member's questions into answers: next step, path, state, score, access, own decisions.

Who asks is known from the session alone; no parameter names a user, and an enrollment that is not the asker's is not found.
"""

from typing import Annotated

from fastapi import Depends, Path, Query

from ruach_studio.formation.entrypoints import wire_read as wire
from ruach_studio.formation.entrypoints.static_list import StaticList
from ruach_studio.formation.entrypoints.wire_state import DecisionsOut, StateOut, decisions_out, state_out
from ruach_studio.formation.graph import Phase
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.check_access import check_access
from ruach_studio.formation.usecases.compute_score import compute_score
from ruach_studio.formation.usecases.find_enrollments import find_enrollments
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.open_node import NotEnrolled
from ruach_studio.formation.usecases.read_decisions import read_decisions
from ruach_studio.formation.usecases.read_path import read_path
from ruach_studio.formation.usecases.read_state import read_state
from ruach_studio.formation.usecases.recommend_next_steps import recommend_next_steps
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require, require_if_known
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.ids import checked_uuid4

PAGE_MAX = 1000
SEQ_MAX = 2**63 - 1  # the database's bigint
NAME = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"

Member = Annotated[Principal, Depends(require("member", "operator"))]
PathId = Annotated[str, Query(alias="pathId", pattern=NAME)]
NodeId = Annotated[str, Path(pattern=NAME)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


def router(services: FormationServices) -> Routes:
    """Return the member's routes under /formation-engine."""
    api = Routes(prefix="/formation-engine", tags=["formation"])
    static = StaticList(services)
    within_s = services.settings.next_step_deadline_ms / 1000
    known = Depends(require_if_known("member", "operator", within_s=within_s))

    @api.get("/next-step")
    async def next_step(member: Annotated[Principal | None, known], path_id: PathId = DEFAULT_PATH) -> wire.NextStepOut:
        """Return the three nodes to do next, each with its reasons; the static list, said so, while formation is down."""
        if member is None:
            return static.because("identity_unknown", path_id)
        work = recommend_next_steps(services, member.account_id, path_id=path_id)
        return await static.unless(work, wire.next_step_out, path_id)

    @api.get("/path")
    async def path(member: Member, path_id: PathId = DEFAULT_PATH) -> wire.PathOut:
        """Return the whole path in its order, with what is done, open and locked, and why."""
        return wire.path_out(await read_path(services, member.account_id, path_id=path_id))

    @api.get("/state")
    async def state(
        member: Member, path_id: PathId = DEFAULT_PATH, as_of: Annotated[str | None, Query(alias="asOf")] = None
    ) -> StateOut:
        """Return the member's state, today or as of a date (its end, in the member's zone) or a time with an offset."""
        own = await find_enrollments(services, user_id=member.account_id, path_id=path_id, limit=1)
        if not own:
            raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
        return state_out(await read_state(services, own[0].enrollment.enrollment_id, as_of=as_of))

    @api.get("/score")
    async def score(
        member: Member, path_id: PathId = DEFAULT_PATH, phase: Phase | None = None,
        node_id: Annotated[str | None, Query(alias="nodeId", pattern=NAME)] = None,
    ) -> list[wire.ScoreOut]:  # fmt: skip
        """Return the score of one phase or of all, or measured against a node's gate, with the five factors."""
        found = await compute_score(services, member.account_id, path_id=path_id, phase=phase, node_id=node_id)
        return [wire.score_out(*each) for each in found]

    @api.get("/nodes/{node_id}/access")
    async def access(node_id: NodeId, member: Member, path_id: PathId = DEFAULT_PATH) -> wire.AccessOut:
        """Decide whether the member may open a node, and say what would open it."""
        return wire.access_out(await check_access(services, member.account_id, node_id, path_id=path_id))

    @api.get("/decisions")
    async def decisions(
        member: Member, path_id: PathId = DEFAULT_PATH, limit: Limit = 100,
        enrollment_id: Annotated[str | None, Query(alias="enrollmentId")] = None,
        before: Annotated[int | None, Query(ge=1, le=SEQ_MAX)] = None,
    ) -> DecisionsOut:  # fmt: skip
        """Return recorded decisions, the newest first: a member's own; any enrollment's to an operator who names it."""
        if enrollment_id is not None:
            checked_uuid4(enrollment_id, field="enrollmentId")
        anyone = enrollment_id is not None and member.holds_one_of(("operator",))
        rows = await read_decisions(
            services, enrollment_id=enrollment_id, user_id=None if anyone else member.account_id, path_id=path_id,
            before=before, limit=limit,
        )  # fmt: skip
        return decisions_out(rows, limit)

    return api
