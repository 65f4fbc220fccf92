"""Turn "do this for each of these" into something that a rule can be given: `map`, or the `map` of a pool of threads.

The rule stays what it was, a function of its arguments: what it hands over does not depend on the order of the work, and the
answers come in the order of the things.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Each(Protocol):
    """Do `work` for each of `things`; give the answers in their order."""

    def __call__(self, work: Callable[[T], R], things: Iterable[T], /) -> Iterable[R]: ...
