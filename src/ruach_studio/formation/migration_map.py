"""Turn the mappings that are stored with published versions into the rules by which facts move to a newer graph.

Each version says what became of nodes of the version before it: {"from": n, "nodes": {oldId: {"kind": "same", "renamed",
"split", "merge" or "retired", "to": [ids], "need": "all" or "any"}}}. A node that is not named is the same. Since ids are
never re-used (decision F6), the rules of several versions add up: from v1 to v4 means those of v2, v3 and v4 in turn.
Counterparts: migration.py lays the rules over one member's facts; state_carry.py follows them for ever after.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from ruach_studio.formation.graph import Graph
from ruach_studio.kernel.errors import BadInput

FateKind = Literal["same", "renamed", "split", "merge", "retired"]
Need = Literal["all", "any"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a node: `to` holds the ids that stand for it now. `need` is a merge's: all of its parts, or any."""

    kind: FateKind
    to: tuple[str, ...] = ()
    need: Need = "all"


Fates = Mapping[str, Fate]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one or several versions. `carried`: old id -> ids that have every fact of it as well; `merges`: rows of a
    node and its parts, all of which it needs; `fates`: the newest word on each old id, for telling."""

    carried: Mapping[str, tuple[str, ...]]
    merges: tuple[tuple[str, ...], ...]
    fates: Fates

    def heirs(self, node_id: str) -> tuple[str, ...]:
        """Return every id that has the facts of `node_id`, without itself, in the order of the versions."""
        names = [node_id]
        for name in names:
            names += [each for each in self.carried.get(name, ()) if each not in names]
        return tuple(names[1:])


def parse_mapping(stored: Mapping[str, Any]) -> dict[str, Fate]:
    """Return the fates of a stored mapping, {} for one that is empty. Raises BadInput naming the node."""
    nodes = stored.get("nodes", {})
    if not isinstance(nodes, Mapping):
        raise BadInput("`nodes` is no object", subject="mapping", remedy="See docs/howto/migrate-members.md.")
    return {str(name): _fate(str(name), told) for name, told in nodes.items()}


def _fate(name: str, told: object) -> Fate:
    if not isinstance(told, Mapping):
        raise _wrong(name, "it is no object")
    kind, to, need = told.get("kind"), told.get("to", []), told.get("need", "all")
    if kind not in get_args(FateKind) or need not in get_args(Need):
        raise _wrong(name, f"kind {kind!r} or need {need!r} is unknown")
    if not isinstance(to, Sequence) or isinstance(to, str) or not all(isinstance(each, str) and each for each in to):
        raise _wrong(name, "`to` is no list of node ids")
    heirs = tuple(dict.fromkeys(to))
    fits = {
        "same": heirs in ((), (name,)), "renamed": len(heirs) == 1, "split": len(heirs) > 1, "merge": len(heirs) == 1,
        "retired": not heirs,
    }  # fmt: skip
    if not fits[str(kind)]:
        raise _wrong(name, f"a node that is {kind} cannot go on as {', '.join(heirs) or 'nothing'}")
    return Fate(cast(FateKind, kind), heirs, cast(Need, need))


def _wrong(name: str, fact: str) -> BadInput:
    return BadInput(fact, subject=f"mapping of {name}", remedy="See docs/howto/migrate-members.md.")


def mapping_faults(old: Graph, new: Graph, fates: Fates) -> tuple[str, ...]:
    """Return what is wrong with a mapping before it is published, in sentences; () for a good one."""
    faults: list[str] = []
    needs: dict[str, set[Need]] = {}
    for name, fate in sorted(fates.items()):
        before = old.by_id.get(name)
        if before is None:
            faults.append(f"{name} is mapped, but version {old.version} has no such node")
            continue
        for heir in fate.to:
            after = new.by_id.get(heir)
            if after is None:
                faults.append(f"{name} is {fate.kind} to {heir}, which the new version does not have")
            elif after.kind != before.kind:
                faults.append(f"{name} is a {before.kind}, {heir} a {after.kind}: one cannot stand for the other")
            elif after.deprecated:
                faults.append(f"{name} is {fate.kind} to {heir}, which is withdrawn itself")
        if fate.kind == "merge":
            needs.setdefault(fate.to[0], set()).add(fate.need)
    faults += [f"{heir} needs all of its parts for one and any for another" for heir, each in needs.items() if len(each) > 1]
    return tuple(faults)


def rules_of(versions: Iterable[Fates], explicit: Mapping[str, Sequence[str]] | None = None) -> Rules:
    """Return the rules of consecutive versions, oldest first, then an operator's own word ([]: history only)."""
    carried: dict[str, list[str]] = {}
    rows: list[tuple[str, ...]] = []
    latest: dict[str, Fate] = {}
    words = [*versions, {name: Fate("split" if to else "retired", tuple(to)) for name, to in (explicit or {}).items()}]
    for fates in words:
        parts: dict[str, list[str]] = {}
        for name, fate in sorted(fates.items()):
            latest[name] = fate
            if fate.kind == "merge" and fate.need == "all":
                parts.setdefault(fate.to[0], []).append(name)
            else:
                known = carried.setdefault(name, [])
                known += [heir for heir in fate.to if heir != name and heir not in known]
        # a node that is one of its own parts keeps what it has: nobody's finished work is opened again
        rows += [(into, *names) for into, names in sorted(parts.items()) if into not in names]
    return Rules({name: tuple(heirs) for name, heirs in carried.items() if heirs}, tuple(dict.fromkeys(rows)), latest)
