"""Turn a member's reflection on a prompt into its stored text and its events; at most one per prompt and day is scored."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ruach_studio.formation.attempts import count_words, next_scored
from ruach_studio.formation.ports import FormationServices, Opinion
from ruach_studio.formation.store import reflections
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.assess_by_rules import assess_by_rules
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.open_node import open_node, record_access, refusals_recorded
from ruach_studio.formation.usecases.touch_node import touch_node
from ruach_studio.formation.usecases.write_fact import enqueue_projection
from ruach_studio.formation.usecases.write_reflection import check_text, reading_of, write_reflection
from ruach_studio.infra.context import bind
from ruach_studio.kernel.hashing import sha256_hex

SENT_AGAIN = timedelta(minutes=10)  # the same text on the same prompt within this is a request whose answer was lost


@dataclass(frozen=True, slots=True)
class Submitted:
    """A kept submission. `opinion` is None and `scored_from` set if it came within a day of the last scored one."""

    reflection_id: str
    word_count: int
    opinion: Opinion | None
    scored_from: datetime | None


async def submit_reflection(
    services: FormationServices, user_id: str, node_id: str, text: str, *, kind: str = "text", path_id: str = DEFAULT_PATH
) -> Submitted:
    """Submit `text` on a prompt; the same text sent again within ten minutes is answered with the first one, kept once.

    Raises NotEnrolled, NotTracked, NodeNotFound, OtherKind, Gated, TooFewWords, NotDwelledEnough.
    """
    now = services.clock.now()
    async with refusals_recorded(services), services.database.transaction() as tx:
        await take_turn(tx, user_id)
        opened = await open_node(services, tx, user_id, node_id, path_id=path_id, at=now, kinds=("reflection",))
        with bind(enrollment_id=opened.journey.enrollment.enrollment_id):
            await check_text(tx, opened, text)
            again = next_scored(opened.journey.state.last_scored(node_id))
            scored = again is None or now >= again
            enrollment_id, digest = opened.journey.enrollment.enrollment_id, sha256_hex(text.encode())
            stands = await reflections.same_since(tx, enrollment_id, node_id, digest, now - SENT_AGAIN)
            was_scored = stands in opened.journey.state.assessed
            if stands is not None and (was_scored or not scored):  # one that was too early, and is not now, is new
                given = await reading_of(tx, opened.journey, opened.node, text) if was_scored else None
                opinion = None if given is None else assess_by_rules(given)
                return Submitted(stands, count_words(text), opinion, None if was_scored else again)
            await touch_node(services, tx, opened, at=now, dwell_s=0)
            reached = opened.journey.state.started.get(node_id, now)
            written = await write_reflection(services, tx, opened, text, kind, at=now, scored=scored, reached_at=reached)
            await enqueue_projection(services, tx, opened.journey.enrollment.enrollment_id)
            await record_access(tx, opened, now)
        return Submitted(written.reflection_id, written.word_count, written.opinion, None if scored else again)
