"""Turn a member's answer at a checkpoint into a passage, or into a failed attempt with the time of the next."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.attempts import Passage, cooldown_ends, judge_attempt
from ruach_studio.formation.ports import FormationServices, Opinion
from ruach_studio.formation.scoring import span_words
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.open_node import OpenNode, open_node, record_access, refusals_recorded
from ruach_studio.formation.usecases.touch_node import section_of, touch_node
from ruach_studio.formation.usecases.write_fact import enqueue_projection, offset_minutes, write_fact
from ruach_studio.formation.usecases.write_reflection import check_text, write_reflection
from ruach_studio.infra.audit import record_decision
from ruach_studio.infra.context import bind, require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import Conflict


class CoolingDown(Conflict):
    """The next attempt must wait."""

    code = "cooling_down"


class AlreadyPassed(Conflict):
    """This checkpoint is passed already, and that stands."""

    code = "already_passed"


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt: whether it passed and why, what the rubric counted, and when the next may come if it failed."""

    reflection_id: str
    passage: Passage
    opinion: Opinion
    next_attempt_at: datetime | None


async def attempt_checkpoint(
    services: FormationServices, user_id: str, checkpoint_id: str, text: str, *, kind: str = "text",
    path_id: str = DEFAULT_PATH,
) -> Attempted:  # fmt: skip
    """Hand in an answer. Raises AlreadyPassed, CoolingDown, TooFewWords, NotDwelledEnough, Gated, OtherKind, NotEnrolled."""
    now = services.clock.now()
    async with refusals_recorded(services), services.database.transaction() as tx:
        await take_turn(tx, user_id)
        opened = await open_node(services, tx, user_id, checkpoint_id, path_id=path_id, at=now, kinds=("checkpoint",))
        state, node, enrollment = opened.journey.state, opened.node, opened.journey.enrollment
        failures, last_failed = state.failed_attempts(checkpoint_id)
        if checkpoint_id in opened.journey.evidence.checkpoints_passed:
            raise AlreadyPassed(subject=node.title, remedy="Go on with the next step.")
        waits_until = cooldown_ends(failures, last_failed)
        if waits_until is not None and now < waits_until:
            raise CoolingDown(
                f"attempt {failures} failed; the next may come in {span_words(waits_until - now)}", subject=node.title,
                remedy="Go back to what comes before it in the meantime.", nextAttemptAt=waits_until.isoformat(),
            )  # fmt: skip
        with bind(enrollment_id=enrollment.enrollment_id):
            await check_text(tx, opened, text)
            await touch_node(services, tx, opened, at=now, dwell_s=0)
            reached = state.checkpoints_reached.get(checkpoint_id, now)
            written = await write_reflection(services, tx, opened, text, kind, at=now, scored=True, reached_at=reached)
            if written.opinion is None:
                raise RuntimeError("an attempt is always scored")
            passage = judge_attempt(node, written.opinion.quality, as_of=now, failures=failures)
            await write_attempt(services, tx, opened, passage, written.reflection_id, at=now, reached_at=reached)
            await enqueue_projection(services, tx, enrollment.enrollment_id)
            await record_access(tx, opened, now)
            result = DecisionResult(passage.verdict, now, require_correlation_id())
            await record_decision(tx, result, subject=enrollment.enrollment_id, inputs=passage.inputs)
        failed = passage.verdict.decision == "fail"
        again = cooldown_ends(failures + 1, now) if failed else None
        return Attempted(written.reflection_id, passage, written.opinion, again)


async def write_attempt(
    services: FormationServices, tx: AsyncConnection, opened: OpenNode, passage: Passage, reflection_id: str, *,
    at: datetime, reached_at: datetime,
) -> bool:  # fmt: skip
    """Write `checkpoint_completed` with its outcome; False if it repeats one of the last second. It enqueues nothing."""
    node, journey = opened.node, opened.journey
    data = {
        "checkpointId": node.node_id, "sectionId": section_of(journey.graph, node), "phase": node.phase,
        "reflectionId": reflection_id, "timeSinceReached": max(int((at - reached_at).total_seconds()), 0),
        "passed": passage.verdict.decision == "pass", "score": int(str(passage.inputs["quality"])) / 1000,
        "utcOffsetMinutes": offset_minutes(journey.enrollment.time_zone, at),
    }  # fmt: skip
    done = await write_fact(
        services, tx, journey.enrollment, "checkpoint_completed", node.node_id, data, at=at, project=False
    )
    return done.version is not None
