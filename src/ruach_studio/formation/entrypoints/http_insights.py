"""Turn requests about axioms, readiness, privileges and insights into use cases. Whose they are is the session's account."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from ruach_studio.formation.axioms import Axiom
from ruach_studio.formation.entrypoints.wire_canon import (
    AxiomOut,
    AxiomRequest,
    ListedAxiomOut,
    ReadAxiomOut,
    axiom_out,
    listed_axiom_out,
    viewed_axiom_out,
)  # fmt: skip
from ruach_studio.formation.entrypoints.wire_insights import (
    DecisionRequest,
    InsightOut,
    InsightRequest,
    PrivilegesOut,
    ReadinessOut,
    ReviewedInsightOut,
    VoteRequest,
    insight_out,
    privileges_out,
    readiness_out,
    reviewed_insight_out,
)  # fmt: skip
from ruach_studio.formation.insights import State
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.decide_insight import decide_insight
from ruach_studio.formation.usecases.erase_insight import erase_insight
from ruach_studio.formation.usecases.list_axioms import list_axioms, read_canon
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.read_insights import (
    list_for_operators,
    list_own_insights,
    list_published,
    read_for_operators,
    read_insight,
)
from ruach_studio.formation.usecases.read_readiness import read_readiness
from ruach_studio.formation.usecases.submit_insight import submit_insight
from ruach_studio.formation.usecases.view_axiom import view_axiom
from ruach_studio.formation.usecases.vote_on_insight import take_back_vote, vote_on_insight
from ruach_studio.formation.usecases.write_axiom import write_axiom
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.ids import checked_uuid4

# Staff may walk the path too, each for themselves.
Member = Annotated[Principal, Depends(require("member", "operator"))]
Reader = Annotated[Principal, Depends(require("operator", scope="formation:read"))]
Operator = Annotated[Principal, Depends(require("operator", scope="formation:write"))]
AxiomId = Annotated[str, Path(min_length=1, max_length=64)]
PathId = Annotated[str, Query(alias="pathId", min_length=1, max_length=64)]
Limit = Annotated[int, Query(ge=1, le=100)]


def insight_id_of(insight_id: str) -> str:
    """Return the path's insight id; anything but a UUIDv4 is a 400."""
    return checked_uuid4(insight_id, field="insightId")


InsightId = Annotated[str, Depends(insight_id_of)]


def router(services: FormationServices) -> Routes:
    """Return the routes of canon, readiness and insights."""
    api = _canon(services)
    api.include(_insights(services))
    return api


def _canon(services: FormationServices) -> Routes:
    api = Routes(tags=["formation"])

    @api.get("/formation-engine/axioms")
    async def axioms(member: Member, path_id: PathId = DEFAULT_PATH) -> list[ListedAxiomOut]:
        """List the axioms: which are open to you, which you have read, and why one is locked."""
        return [listed_axiom_out(each) for each in await list_axioms(services, member.account_id, path_id=path_id)]

    @api.get("/formation-engine/axioms/{axiom_id}")
    async def axiom(axiom_id: AxiomId, member: Member, path_id: PathId = DEFAULT_PATH) -> ReadAxiomOut:
        """Read an axiom; the first reading is noted in your journal."""
        return viewed_axiom_out(await view_axiom(services, member.account_id, axiom_id, path_id=path_id))

    @api.get("/formation-engine/readiness")
    async def readiness(member: Member, path_id: PathId = DEFAULT_PATH) -> ReadinessOut:
        """Show your own readiness: levels, pace, red flags and gaps, each with its numbers."""
        return readiness_out(await read_readiness(services, member.account_id, path_id=path_id))

    @api.get("/formation-engine/privileges")
    async def privileges(member: Member, path_id: PathId = DEFAULT_PATH) -> PrivilegesOut:
        """Show what you may do with insights, and what is lacking."""
        return privileges_out((await read_readiness(services, member.account_id, path_id=path_id)).privileges)

    @api.get("/formation-dependency/axioms")
    async def canon(_: Reader) -> list[AxiomOut]:
        """List the whole canon with its definitions."""
        return [axiom_out(each) for each in await read_canon(services)]

    @api.put("/formation-dependency/axioms/{axiom_id}", responses={201: {"description": "The axiom is new."}})
    async def write(axiom_id: AxiomId, body: AxiomRequest, operator: Operator, response: Response) -> AxiomOut:
        """Write an axiom, new or in other words."""
        fields = body.model_dump(exclude={"reason"})
        wanted = Axiom(axiom_id, **{**fields, "related": tuple(body.related)})
        response.status_code = 201 if await write_axiom(services, wanted, actor=operator.actor, reason=body.reason) else 200
        return axiom_out(wanted)

    return api


def _insights(services: FormationServices) -> Routes:
    api = Routes(prefix="/formation-engine/insights", tags=["formation"])

    @api.post("", status_code=201, responses={200: {"description": "The same words were submitted before."}})
    async def submit(body: InsightRequest, member: Member, response: Response) -> InsightOut:
        """Submit an insight; it waits for an operator."""
        reflection = None if body.reflection_id is None else checked_uuid4(body.reflection_id, field="reflectionId")
        done = await submit_insight(
            services, member.account_id, text=body.text, reflection_id=reflection, path_id=body.path_id
        )
        response.status_code = 201 if done.created else 200
        return insight_out(await read_insight(services, member.account_id, done.insight.insight_id, path_id=body.path_id))

    @api.get("")
    async def published(
        member: Member, path_id: PathId = DEFAULT_PATH, after: str | None = None, limit: Limit = 50
    ) -> list[InsightOut]:
        """List published insights of the phases that you have reached, the newest first."""
        behind = None if after is None else checked_uuid4(after, field="after")
        found = await list_published(services, member.account_id, path_id=path_id, after=behind, limit=limit)
        return [insight_out(each) for each in found]

    @api.get("/mine")
    async def mine(member: Member, limit: Limit = 100) -> list[InsightOut]:
        """List your own insights with what was decided, the newest first."""
        return [insight_out(each) for each in await list_own_insights(services, member.account_id, limit=limit)]

    @api.get("/review")
    async def review(operator: Reader, state: State = "submitted", limit: Limit = 100) -> list[ReviewedInsightOut]:
        """List insights in one state for operators, those that waited longest first."""
        found = await list_for_operators(services, operator.account_id, state, limit=limit)
        return [reviewed_insight_out(each) for each in found]

    @api.get("/{insight_id}")
    async def one(member: Member, insight_id: InsightId, path_id: PathId = DEFAULT_PATH) -> InsightOut:
        """Show one insight: your own, or a published one of a phase that you have reached."""
        return insight_out(await read_insight(services, member.account_id, insight_id, path_id=path_id))

    @api.delete("/{insight_id}", status_code=204)
    async def erase(member: Member, insight_id: InsightId) -> None:
        """Erase your own insight, published or not; its text is gone for good."""
        await erase_insight(services, member.account_id, insight_id)

    @api.post("/{insight_id}/votes")
    async def vote(member: Member, insight_id: InsightId, body: VoteRequest) -> InsightOut:
        """Vote on another member's published insight, or change your vote."""
        await vote_on_insight(services, member.account_id, insight_id, body.vote, path_id=body.path_id)
        return insight_out(await read_insight(services, member.account_id, insight_id, path_id=body.path_id))

    @api.delete("/{insight_id}/votes", status_code=204)
    async def unvote(member: Member, insight_id: InsightId) -> None:
        """Take your vote back."""
        await take_back_vote(services, member.account_id, insight_id)

    @api.post("/{insight_id}/decision")
    async def decide(operator: Operator, insight_id: InsightId, body: DecisionRequest) -> ReviewedInsightOut:
        """Approve, publish or reject an insight, with a reason."""
        await decide_insight(
            services, insight_id, body.decision, account_id=operator.account_id, actor=operator.actor, reason=body.reason
        )
        return reviewed_insight_out(await read_for_operators(services, operator.account_id, insight_id))

    return api
