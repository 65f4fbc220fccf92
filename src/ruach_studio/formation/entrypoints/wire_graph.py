"""The words in which operators write and read paths: nodes, mappings, pieces, drafts and versions."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from ruach_studio.formation.authoring import UNNUMBERED, Authored, Merge
from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.graph import Kind, Node, Phase, ScoreGate
from ruach_studio.formation.store.drafts import Draft, Version
from ruach_studio.formation.store.graphs import Path
from ruach_studio.formation.store.pieces import Piece

MOST_NODES = 20_000
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]


class NodeIn(Wire):
    """One node as its author writes it. `minimumScore` and `passQuality` are 0..1; the score is that of `scoreScope`."""

    node_id: Id
    phase: Phase
    kind: Kind
    title: Title
    description: str = Field(default="", max_length=4000)
    content_ref: Ref
    tags: list[Word] = Field(default_factory=list, max_length=40)
    prerequisites: list[Id] = Field(default_factory=list, max_length=1000)
    minimum_score: Decimal | None = Field(default=None, ge=0, le=1, decimal_places=4)
    score_scope: Phase | None = None
    minimum_dwell_seconds: int = Field(default=0, ge=0, le=86_400)
    minimum_words: int = Field(default=50, ge=0, le=10_000)
    pass_quality: Decimal = Field(default=Decimal("0.3"), ge=0, le=1, decimal_places=3)
    required: bool = True
    deprecated: bool = False
    scope: Word | None = None
    node_type: Word | None = None
    checkpoint_type: Word | None = None
    sensitivity: Word | None = None
    axioms: list[Id] = Field(default_factory=list, max_length=40)

    @model_validator(mode="after")
    def _score_and_scope(self) -> Self:
        if (self.minimum_score is None) != (self.score_scope is None):
            raise ValueError("minimumScore and scoreScope come together: name the phase whose score is asked for")
        return self


class NodeOut(Wire):
    """One node of a version, or of a draft (`ordinal` 0: it has none yet)."""

    node_id: str
    ordinal: int
    phase: Phase
    kind: Kind
    title: str
    description: str
    content_ref: str
    tags: list[str]
    prerequisites: list[str]
    minimum_score: float | None
    score_scope: Phase | None
    minimum_dwell_seconds: int
    minimum_words: int
    pass_quality: float
    required: bool
    deprecated: bool
    scope: str | None
    node_type: str | None
    checkpoint_type: str | None
    sensitivity: str | None
    axioms: list[str]


class MergeWire(Wire):
    """Old nodes that go on in a new one; it counts as done once all of them are, or any."""

    parts: list[Id] = Field(alias="from", min_length=1, max_length=1000)
    need: Literal["all", "any"] = "all"


class MappingWire(Wire):
    """Where the work of withdrawn nodes goes on: `renames` old -> new ids, `merges` new -> old ids."""

    renames: dict[Id, list[Id]] = Field(default_factory=dict)
    merges: dict[Id, MergeWire] = Field(default_factory=dict)


class GraphIn(Wire):
    """Nodes with their mapping."""

    nodes: list[NodeIn] = Field(min_length=1, max_length=MOST_NODES)
    mapping: MappingWire = Field(default_factory=MappingWire)


class DraftIn(GraphIn):
    """A draft to save; `revision` is the one that was read, 0 if there was none."""

    revision: int = Field(ge=0)


class PublishIn(Wire):
    """Publish the draft that was read at `draftRevision`."""

    draft_revision: int = Field(ge=1)
    reason: str = Field(min_length=1, max_length=2000)


class PathIn(Wire):
    """The words of a path."""

    title: Title
    description: str = Field(default="", max_length=4000)


class PieceWire(Wire):
    """A content piece without its reference: text (markdown), and the prompt that is asked about it."""

    title: Title
    body: str = Field(default="", max_length=200_000)
    prompt: str = Field(default="", max_length=4000)
    session_id: str | None = Field(default=None, max_length=128)


class PieceOut(PieceWire):
    """A content piece."""

    content_ref: str
    sha256: str


class PathOut(Wire):
    """A path. `draftRevision` 0: no draft."""

    path_id: str
    title: str
    description: str
    current_version: int | None
    draft_revision: int


class DraftOut(Wire):
    """A draft; revision 0: it is the newest version, and nobody has saved one yet."""

    path_id: str
    revision: int
    updated_at: datetime
    updated_by: str
    nodes: list[NodeOut]
    mapping: MappingWire


class VersionOut(Wire):
    """A published version. `mapping` holds only nodes that are not the same as in the version before."""

    path_id: str
    version: int
    published_at: datetime
    published_by: str
    reason: str
    content_hash: str
    mapping: dict[str, object]
    node_count: int


def authored_of(graph: GraphIn) -> Authored:
    """Return what the author handed in."""
    merges = {into: Merge(tuple(each.parts), each.need) for into, each in graph.mapping.merges.items()}
    renames = {old: tuple(new) for old, new in graph.mapping.renames.items()}
    return Authored(tuple(node_of(each) for each in graph.nodes), renames, merges)


def node_of(wire: NodeIn) -> Node:
    """Return the node; scores become whole basis points, qualities whole per mille."""
    gate = None
    if wire.minimum_score is not None and wire.score_scope is not None:
        gate = ScoreGate(int(wire.minimum_score * 10_000), wire.score_scope)
    return Node(
        wire.node_id, UNNUMBERED, wire.phase, wire.kind, wire.title, wire.content_ref, wire.description,
        frozenset(wire.tags), tuple(wire.prerequisites), gate, wire.minimum_dwell_seconds, wire.required, wire.deprecated,
        wire.minimum_words, int(wire.pass_quality * 1000), wire.scope, wire.node_type, wire.checkpoint_type,
        wire.sensitivity, tuple(wire.axioms),
    )  # fmt: skip


def node_out(node: Node) -> NodeOut:
    """Return the wire form of a node."""
    return NodeOut(
        node_id=node.node_id, ordinal=node.ordinal, phase=node.phase, kind=node.kind, title=node.title,
        description=node.description, content_ref=node.content_ref, tags=sorted(node.tags),
        prerequisites=list(node.prerequisites), minimum_score=node.gate.minimum_bp / 10_000 if node.gate else None,
        score_scope=node.gate.scope if node.gate else None, minimum_dwell_seconds=node.min_dwell_s,
        minimum_words=node.min_words, pass_quality=node.pass_quality / 1000, required=node.required,
        deprecated=node.deprecated, scope=node.scope, node_type=node.node_type, checkpoint_type=node.checkpoint_type,
        sensitivity=node.sensitivity, axioms=list(node.axioms),
    )  # fmt: skip


def draft_out(draft: Draft) -> DraftOut:
    """Return the wire form of a draft."""
    authored = draft.authored
    merges = {
        into: MergeWire.model_validate({"from": each.parts, "need": each.need}) for into, each in authored.merges.items()
    }
    return DraftOut(
        path_id=draft.path_id, revision=draft.revision, updated_at=draft.updated_at, updated_by=draft.updated_by,
        nodes=[node_out(each) for each in authored.nodes],
        mapping=MappingWire(renames={old: list(new) for old, new in authored.renames.items()}, merges=merges),
    )  # fmt: skip


def version_out(version: Version) -> VersionOut:
    """Return the wire form of a version."""
    return VersionOut(
        path_id=version.path_id, version=version.version, published_at=version.published_at,
        published_by=version.published_by, reason=version.reason, content_hash=version.content_hash,
        mapping=dict(version.mapping), node_count=version.nodes,
    )  # fmt: skip


def path_out(path: Path, draft_revision: int) -> PathOut:
    """Return the wire form of a path."""
    return PathOut(
        path_id=path.path_id, title=path.title, description=path.description, current_version=path.current_version,
        draft_revision=draft_revision,
    )  # fmt: skip


def piece_of(content_ref: str, wire: PieceWire) -> Piece:
    """Return the piece."""
    return Piece(content_ref, wire.title, wire.body, wire.prompt, wire.session_id)
