"""The words in which search, context, steps and the catalogue answer. What is locked has no field for its text."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.graph import Node
from ruach_studio.formation.retrieval import State
from ruach_studio.formation.store.artifacts import Artifact
from ruach_studio.formation.store.chunks import MARK_START, MARK_STOP
from ruach_studio.formation.usecases.gather_context import Cited, Context
from ruach_studio.formation.usecases.list_catalogue import Catalogue, Entry
from ruach_studio.formation.usecases.search_content import Found, ShownHit
from ruach_studio.formation.usecases.show_node import NodePage


class MediaOut(Wire):
    """A published file: play it from `url`."""

    session_id: str
    format: str
    edl_version: int
    render_job_id: str
    url: str
    content_type: str
    size_bytes: int
    sha256: str
    duration_ms: float | None
    published_at: datetime


class StepOut(Wire):
    """A step of the path, as everybody on it sees it."""

    node_id: str
    title: str
    description: str
    phase: str
    kind: str
    tags: list[str]


class SnippetPart(Wire):
    """A run of a snippet; `found` if the query's words are in it."""

    text: str
    found: bool


class HitOut(Wire):
    """A result. `score`: the sum of 1 / (60 + rank), times what `reasons` names. `locked`: why, and what would open it."""

    title: str
    state: State
    step: StepOut | None
    content_ref: str | None
    heading: str | None
    snippet: list[SnippetPart]
    media: list[MediaOut]
    score: float
    reasons: list[str]
    locked: list[str] | None


class SearchOut(Wire):
    """The answer to a search. `degraded` names what could not be searched; `decision` is the audited ranking."""

    query: str
    hits: list[HitOut]
    degraded: list[str]
    decision: Mapping[str, Any]


class PassageOut(Wire):
    """A passage with its number, for an assistant to cite as [number]."""

    number: int
    title: str
    node_id: str | None
    content_ref: str
    chunk: int
    heading: str
    text: str
    sha256: str
    words: int
    media: list[MediaOut]
    score: float
    reasons: list[str]


class ContextOut(Wire):
    """What an assistant would be given: the passages, and the same as one text."""

    query: str
    passages: list[PassageOut]
    words: int
    text: str
    degraded: list[str]
    decision: Mapping[str, Any]


class NodeOut(Wire):
    """A step's page; `body`, `prompt`, `contentRef` and `media` only where the reader may read. `step` is null for a step
    that is missing from the member's version of the path: an operator repairs that."""

    node_id: str
    step: StepOut | None
    state: State
    access: Literal["granted", "gated"]
    reasons: list[str]
    to_open: str | None
    opens_at: datetime | None
    content_ref: str | None
    body: str | None
    prompt: str | None
    media: list[MediaOut]
    decision: Mapping[str, Any] | None


class EntryOut(Wire):
    """An entry of the catalogue; a locked one is its title and step only."""

    title: str
    state: State
    step: StepOut | None
    content_ref: str | None
    session_id: str | None
    media: list[MediaOut]


class CatalogueOut(Wire):
    """A page of the catalogue. `loose` are artifacts that no piece shows (staff only)."""

    entries: list[EntryOut]
    next_after: str | None
    loose: list[MediaOut]


def search_out(found: Found) -> SearchOut:
    """Return the wire form of a search's answer."""
    return SearchOut(
        query=found.query, hits=[_hit(each) for each in found.hits], degraded=list(found.degraded),
        decision=found.decision.to_wire(),
    )  # fmt: skip


def context_out(context: Context) -> ContextOut:
    """Return the wire form of the passages for an assistant."""
    return ContextOut(
        query=context.query, passages=[_passage(each) for each in context.passages], words=context.words,
        text=context.text, degraded=list(context.degraded), decision=context.decision.to_wire(),
    )  # fmt: skip


def node_out(page: NodePage) -> NodeOut:
    """Return the wire form of a step's page."""
    access, piece = page.access, page.piece
    return NodeOut(
        node_id=page.node_id, step=_step(page.node) if page.node else None, state=page.state,
        access="granted" if page.readable else "gated",
        reasons=list(access.verdict.reasons) if access else ["staff read everything"],
        to_open=access.opening.text if access and not page.readable else None, opens_at=access.opens_at if access else None,
        content_ref=piece.content_ref if piece else None, body=piece.body if piece else None,
        prompt=piece.prompt if piece else None, media=_media(page.media),
        decision=page.decision.to_wire() if page.decision else None,
    )  # fmt: skip


def catalogue_out(catalogue: Catalogue) -> CatalogueOut:
    """Return the wire form of a page of the catalogue."""
    return CatalogueOut(
        entries=[_entry(each) for each in catalogue.entries], next_after=catalogue.next_after, loose=_media(catalogue.loose)
    )


def snippet_parts(marked: str) -> list[SnippetPart]:
    """Return a marked snippet as runs, so that no client has to take text for markup."""
    parts: list[SnippetPart] = []
    for n, run in enumerate(marked.split(MARK_START)):
        found, stop, rest = run.partition(MARK_STOP)
        if n and stop:
            parts.append(SnippetPart(text=found, found=True))
        else:
            rest = found + rest
        if rest:
            parts.append(SnippetPart(text=rest, found=False))
    return parts


def _hit(shown: ShownHit) -> HitOut:
    passage = shown.passage
    return HitOut(
        title=shown.title, state=shown.state, step=_step(shown.node) if shown.node else None,
        content_ref=shown.content_ref, heading=passage.heading if passage else None,
        snippet=snippet_parts(passage.snippet) if passage else [], media=_media(shown.media),
        score=shown.hit.score_ppm / 1_000_000, reasons=list(shown.hit.reasons),
        locked=list(shown.why_locked) if shown.hit.locked else None,
    )  # fmt: skip


def _passage(cited: Cited) -> PassageOut:
    passage = cited.passage
    return PassageOut(
        number=cited.number, title=cited.title, node_id=cited.node.node_id if cited.node else None,
        content_ref=passage.content_ref, chunk=passage.idx, heading=passage.heading, text=passage.text,
        sha256=passage.sha256, words=passage.words, media=_media(cited.media), score=cited.hit.score_ppm / 1_000_000,
        reasons=list(cited.hit.reasons),
    )  # fmt: skip


def _entry(entry: Entry) -> EntryOut:
    piece = entry.piece
    return EntryOut(
        title=entry.title, state=entry.state, step=_step(entry.node) if entry.node else None,
        content_ref=piece.content_ref if piece else None, session_id=piece.session_id if piece else None,
        media=_media(entry.media),
    )  # fmt: skip


def _step(node: Node) -> StepOut:
    return StepOut(
        node_id=node.node_id, title=node.title, description=node.description, phase=node.phase, kind=node.kind,
        tags=sorted(node.tags),
    )  # fmt: skip


def _media(artifacts: tuple[Artifact, ...]) -> list[MediaOut]:
    return [MediaOut(**{name: getattr(each, name) for name in MediaOut.model_fields}) for each in artifacts]
