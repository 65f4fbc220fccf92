"""Turn RUACH_PILLARS (or --pillars) into the pillars that one process runs: `assembly,render` or nothing for all four."""

from collections.abc import Iterable
from typing import Annotated, Literal, get_args

from pydantic import field_validator
from pydantic_settings import BaseSettings, NoDecode

Pillar = Literal["assembly", "render", "formation", "membership"]
PILLARS: tuple[Pillar, ...] = get_args(Pillar)


def unknown_pillars(given: Iterable[object]) -> list[str]:
    """Return the names in `given` (each may hold several with commas) that are no pillar's."""
    return sorted(_named(given) - set(PILLARS))


def _named(given: Iterable[object]) -> set[str]:
    return {part.strip() for each in given for part in str(each).split(",") if part.strip()}


class PillarSettings(BaseSettings):
    """Which pillars this process loads; what is not named is not even imported (decision record 50)."""

    pillars: Annotated[tuple[Pillar, ...], NoDecode] = PILLARS

    @field_validator("pillars", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        """Take `render,formation` as well as a list; `formation` brings membership along, nothing at all means all."""
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list | tuple | set | frozenset):
            return given
        names = _named(given)
        unknown = unknown_pillars(given)
        if unknown:
            raise ValueError(f"there is no pillar {', '.join(unknown)}; the pillars are {', '.join(PILLARS)}")
        if "formation" in names:
            names.add("membership")
        return tuple(each for each in PILLARS if each in names) or PILLARS
