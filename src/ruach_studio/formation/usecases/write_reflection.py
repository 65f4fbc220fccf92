"""Turn a written text into its stored row and its events: submitted, and scored by the rubric. For prompts and checkpoints.

The text stands in a table of its own, erasable; the journal holds its hash, word count and quality. A language model, where
one is configured, is asked later by a job and only adds a fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.attempts import count_words
from ruach_studio.formation.graph import Node
from ruach_studio.formation.ports import FormationServices, Opinion, ReflectionText
from ruach_studio.formation.routing import route
from ruach_studio.formation.state_carry import all_names_of
from ruach_studio.formation.store import dwell, pieces, reflections
from ruach_studio.formation.store.reflections import StoredReflection
from ruach_studio.formation.usecases.assess_by_rules import assess_by_rules
from ruach_studio.formation.usecases.cite_axioms import cite_axioms
from ruach_studio.formation.usecases.complete_section import check_dwell
from ruach_studio.formation.usecases.dwell_places import dwelled_s
from ruach_studio.formation.usecases.load_journey import Journey
from ruach_studio.formation.usecases.open_node import OpenNode
from ruach_studio.formation.usecases.write_fact import ASSESS, QUEUE, offset_minutes, write_fact
from ruach_studio.infra.context import new_id
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import sha256_hex

MOST_CHARACTERS = 20_000


class TooFewWords(BadInput):
    """The text is too short for this step."""

    code = "too_few_words"


@dataclass(frozen=True, slots=True)
class Written:
    """A stored submission and what the rubric said of it; None if it is kept unscored."""

    reflection_id: str
    word_count: int
    opinion: Opinion | None


async def check_text(tx: AsyncConnection, opened: OpenNode, text: str) -> None:
    """Raise TooFewWords, BadInput (too long, NUL) or NotDwelledEnough."""
    if len(text) > MOST_CHARACTERS or "\x00" in text:
        fact = f"it has {len(text)} characters" if len(text) > MOST_CHARACTERS else "it holds the NUL character"
        raise BadInput(fact, subject="text", remedy=f"Send at most {MOST_CHARACTERS} characters of text.")
    words, asked = count_words(text), opened.node.min_words
    if words < asked:
        raise TooFewWords(f"{words} of {asked} words", subject=opened.node.title,
                          remedy=f"Write {asked - words} more.", wordCount=words, minimumWords=asked)  # fmt: skip
    counted = await dwell.get(tx, opened.journey.enrollment.user_id)
    journey = opened.journey
    check_dwell(opened, dwelled_s(counted, journey.state, journey.enrollment.path_id, opened.node.node_id))


async def write_reflection(
    services: FormationServices, tx: AsyncConnection, opened: OpenNode, text: str, kind: str, *, at: datetime, scored: bool,
    reached_at: datetime,
) -> Written:  # fmt: skip
    """Store `text`, write `reflection_submitted` and, if `scored`, the rubric's `reflection_analyzed`; ask the model later.

    `reached_at`: when the member came to the step. No projection is enqueued.
    """
    node, enrollment = opened.node, opened.journey.enrollment
    digest, words, reflection_id = sha256_hex(text.encode()), count_words(text), new_id()
    given = await reading_of(tx, opened.journey, node, text) if scored else None
    stored = StoredReflection(
        reflection_id, enrollment.enrollment_id, enrollment.user_id, node.node_id, kind, text, digest, words, at
    )
    await reflections.insert(tx, stored)
    submitted = {
        "reflectionId": reflection_id, "checkpointId": node.node_id, "type": kind, "wordCount": words,
        "timeSinceCheckpointReached": max(int((at - reached_at).total_seconds()), 0), "textSha256": digest,
        "phase": node.phase, "utcOffsetMinutes": offset_minutes(enrollment.time_zone, at),
    }  # fmt: skip
    done = await write_fact(services, tx, enrollment, "reflection_submitted", node.node_id, submitted, at=at, project=False)
    if done.version is None:
        raise BadInput("the same step was answered less than a second ago", subject=node.title,
                       remedy="That answer stands; wait a moment before another.")  # fmt: skip
    if given is None:
        return Written(reflection_id, words, None)
    opinion = assess_by_rules(given)
    if opinion.quality > 0:
        await cite_axioms(services, tx, opened.journey, reflection_id, text, at=at)
    analyzed = analysis_of(reflection_id, digest, opinion)
    await write_fact(services, tx, enrollment, "reflection_analyzed", reflection_id, analyzed, at=at, project=False)
    if services.assessor is not None:
        await services.queue.add(tx, QUEUE, ASSESS, {"reflectionId": reflection_id})
    return Written(reflection_id, words, opinion)


async def reading_of(conn: AsyncConnection, journey: Journey, node: Node, text: str) -> ReflectionText:
    """Return what an assessor reads: the text, the prompt, the texts before it on the path, own texts on other steps.

    A text under an older name of this step, or of a part of it, is a draft of one's own and no other step's.
    """
    by_id, user_id = journey.graph.by_id, journey.enrollment.user_id
    before: Sequence[Node] = [by_id[name] for name in node.prerequisites if name in by_id]
    found = await pieces.many(conn, [node.content_ref, *(each.content_ref for each in before)])
    own = found.get(node.content_ref)
    sources = [each.body for each in found.values() if each.body]
    others = await reflections.texts_on_other_nodes(conn, user_id, all_names_of(journey.state, node.node_id))
    return ReflectionText(text, own.prompt if own else node.title, sources, others)


def analysis_of(reflection_id: str, text_sha256: str, opinion: Opinion) -> dict[str, object]:
    """Return the payload of `reflection_analyzed`: the opinion as a fact, with what made it, and no word of the text."""
    given: dict[str, object] = {
        "reflectionId": reflection_id, "depthScore": opinion.quality / 1000, "isRegurgitation": opinion.is_regurgitation,
        "showsWrestling": opinion.shows_wrestling, "doctrinalSoundness": opinion.soundness,
        "recommendedAction": recommended_action(opinion), "source": opinion.source, "rubricVersion": opinion.rubric_version,
        "textSha256": text_sha256, "subScores": dict(opinion.sub_scores),
    }  # fmt: skip
    more = {
        "provider": opinion.provider, "model": opinion.model, "promptSha256": opinion.prompt_sha256,
        "rawResponseSha256": opinion.raw_response_sha256,
    }  # fmt: skip
    return given | {name: value for name, value in more.items() if value is not None}


def recommended_action(opinion: Opinion) -> str:
    """Return what is advised to do with the text (routing.py); nothing is published by itself."""
    advised = route(opinion.quality, is_regurgitation=opinion.is_regurgitation, soundness=opinion.soundness)
    return advised.verdict.decision
