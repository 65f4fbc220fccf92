"""Turn the pillars of a process into what they bring along, one after another; one that breaks is left out and said so.

Left out: a pillar whose code cannot be loaded or set up (a missing library, a mistake). It is named in `services.broken`,
/readyz calls it down, its paths answer 503, and the others go on. What a person must mend (RuachError: a setting that
cannot be used) still ends the start, since nobody would look for a half service with a wrong setting.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from ruach_studio.app.parts.part import PARTS, Part
from ruach_studio.app.wiring import Services, note_broken
from ruach_studio.infra.settings_pillars import Pillar
from ruach_studio.kernel.errors import RuachError

T = TypeVar("T")


class AllBroken(RuachError):
    """No pillar of this process could be started."""

    code = "all_pillars_broken"


def each_part(services: Services, what: Callable[[Part], Callable[[Services], T]]) -> Iterator[tuple[Pillar, T]]:
    """Yield what each served pillar brings, as in `each_part(services, lambda part: part.routers)`."""
    for name, part in PARTS.items():
        if name in services.settings.pillars and name not in services.broken:
            try:
                found = what(part)(services)
            except RuachError:
                raise
            except Exception as error:  # noqa: BLE001  (kept, logged and shown: the others must not fall with it)
                note_broken(services.broken, name, error)
            else:
                yield name, found


async def start_each(services: Services) -> None:
    """Do what each pillar does before anything is served."""
    begun: list[tuple[Pillar, Awaitable[None]]] = list(each_part(services, lambda part: part.start))
    for name, starting in begun:
        try:
            await starting
        except RuachError:
            raise
        except Exception as error:  # noqa: BLE001  (as above)
            note_broken(services.broken, name, error)


def refuse_if_all_broken(services: Services) -> None:
    """Raise AllBroken if nothing is left to serve."""
    if all(name in services.broken for name in services.settings.pillars):
        found = ", ".join(f"{name}: {why}" for name, why in services.broken.items())
        raise AllBroken(found, subject="pillars", remedy="The log has the causes.")
