"""Turn many members' facts under old node ids into facts of the nodes that hold them after a migration, all at once.

The rules are state_carry.py's, laid over columns: an heir has every fact of its old node, a merged node has a fact once all
of its parts have it (begun: any part; quality: the mean of the parts, floored). tests/formation compares it with the plan of
a migration, member by member.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation.impact_open import Ints, Members
from ruach_studio.formation.migration_map import Rules


def names_in(rules: Rules) -> tuple[str, ...]:
    """Return every node id that the rules name; members must have a column for each."""
    carried = [name for old, heirs in rules.carried.items() for name in (old, *heirs)]
    return tuple(dict.fromkeys([*carried, *(name for row in rules.merges for name in row)]))


def carried(members: Members, rules: Rules) -> Members:
    """Return the members as they would be under `rules`; old names keep their facts. The same object if there are none."""
    if not rules.carried and not rules.merges:
        return members
    moved = replace(
        members, done_at=members.done_at.copy(), passed=members.passed.copy(), started=members.started.copy(),
        quality=members.quality.copy(),
    )  # fmt: skip
    for name in rules.carried:
        _inherit(moved, rules, name)
    settled = not rules.merges
    while not settled:
        before = _copies(moved)
        for into, *parts in rules.merges:
            _merge(moved, moved.columns[into], [moved.columns[part] for part in parts])
            _inherit(moved, rules, into)
        settled = all(np.array_equal(was, now) for was, now in zip(before, _copies(moved), strict=True))
    return moved


def _copies(moved: Members) -> list[NDArray[Any]]:
    return [moved.done_at.copy(), moved.passed.copy(), moved.started.copy(), moved.quality.copy()]


def _inherit(moved: Members, rules: Rules, name: str) -> None:
    old = moved.columns[name]
    for heir in (moved.columns[each] for each in rules.heirs(name)):
        moved.done_at[:, heir] = np.minimum(moved.done_at[:, heir], moved.done_at[:, old])
        moved.passed[:, heir] |= moved.passed[:, old]
        moved.started[:, heir] |= moved.started[:, old]
        moved.quality[:, heir] = np.maximum(moved.quality[:, heir], moved.quality[:, old])


def _merge(moved: Members, into: int, parts: list[int]) -> None:
    last: Ints = moved.done_at[:, parts].max(axis=1)  # NEVER as long as one part is not done
    moved.done_at[:, into] = np.minimum(moved.done_at[:, into], last)
    moved.passed[:, into] |= moved.passed[:, parts].all(axis=1)
    moved.started[:, into] |= moved.started[:, parts].any(axis=1)
    written = (moved.quality[:, parts] > 0).all(axis=1)
    mean = moved.quality[:, parts].sum(axis=1) // len(parts)
    moved.quality[:, into] = np.maximum(moved.quality[:, into], np.where(written, mean, 0))
