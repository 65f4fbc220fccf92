"""Turn a graph and a member's facts into the part of the path that is near: what may be open, and what waits for what.

Everything is a sum over the version's places (graph_places.py), so that it costs the same however much was done already.
Counterparts: gating.py says whether a node that may be open is; path.py and next_step.py choose among them.
"""

from functools import cached_property

import numpy as np

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node, Phase
from ruach_studio.formation.graph_places import Flags, Ints


class Reach:
    """One member on one version of the path."""

    def __init__(self, graph: Graph, evidence: Evidence) -> None:
        """Take both; the questions are answered when they are asked."""
        self._graph, self._places = graph, graph.places
        places = self._places
        self._done = places.flags(evidence.completed.keys()) | places.flags(evidence.checkpoints_passed)
        self._behind = self._done | places.deprecated
        self._begun, self.unlocked = places.flags(evidence.started.keys()), places.flags(evidence.unlocked)

    @property
    def near(self) -> tuple[Node, ...]:
        """Return the nodes that are not done and may be open, or wait for their gate or for some of their prerequisites.

        These are the nodes that wait for none, follow something done, were unlocked or were started; in ordinal order.
        Whatever is open is among them: a node whose prerequisites are withdrawn is an entry, any other follows a done one.
        """
        return self._nodes(self._near)

    @property
    def ready(self) -> tuple[Node, ...]:
        """Return those of `near` that were unlocked before, or have all their prerequisites behind them."""
        return self._nodes(self._ready)

    @property
    def ready_places(self) -> Ints:
        """Return the places of `ready`, in the order of the version's list."""
        return np.flatnonzero(self._ready)

    @cached_property
    def done_in(self) -> dict[Phase, int]:
        """Return, per phase, how many of the nodes that count are done."""
        found = np.bincount(self._places.counted[self._done], minlength=len(PHASES) + 1).tolist()
        return dict(zip(PHASES, found[1:], strict=True))

    def opens(self, places: Ints) -> Ints:
        """Return, per place, how many nodes that are not done wait for this one alone (their gates apart)."""
        followers, heads = self._places.followers.of(places)
        waits = np.append(~self._behind[followers] & (self._unmet[followers] == 1), False)  # a list may be empty at the end
        counts = np.add.reduceat(waits, heads, dtype=np.int64) if len(heads) else heads
        counts[(self._places.followers.lengths[places] == 0) | self._behind[places]] = 0
        return counts

    @cached_property
    def _near(self) -> Flags:
        places = self._places
        shown = ~places.deprecated | self._begun
        shown[len(self._graph.nodes) :] = False  # ghosts
        return (places.entries | (self._after(self._done) > 0) | self.unlocked | self._begun) & ~self._done & shown

    @cached_property
    def _ready(self) -> Flags:
        found: Flags = self._near & (self.unlocked | (self._unmet == 0))
        return found

    @cached_property
    def _unmet(self) -> Ints:
        """Return, per node, how many prerequisites it lacks; a withdrawn one is asked of nobody."""
        return self._places.waits - self._after(self._behind)

    def _after(self, flags: Flags) -> Ints:
        """Return, per place, how many of its prerequisites are among `flags`."""
        found, _ = self._places.followers.of(np.flatnonzero(flags))
        return np.bincount(found, minlength=len(flags))

    def _nodes(self, flags: Flags) -> tuple[Node, ...]:
        nodes = self._graph.nodes
        return tuple(sorted((nodes[place] for place in np.flatnonzero(flags).tolist()), key=lambda node: node.ordinal))
