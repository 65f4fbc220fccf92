"""Turn an operator's recovery action into one entry that command line, API and pages list and run in the same way.

The specification's recovery commands are the only ones; whatever is not registered needs a change of code. Each pillar
registers its own (`entrypoints/commands.py`), the composition root puts them together. A command is either `atomic`, which
runs inside the transaction that also audits it, or it is `stepwise` and keeps its own (renders, assemblies: long work).
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.faults import words_of
from ruach_studio.kernel.errors import BadInput, NotFound

P = TypeVar("P", bound=BaseModel)
Answer = Mapping[str, Any]
REASON_LENGTH_MAX = 500


class CommandNotFound(NotFound):
    """There is no such recovery command."""

    code = "command_not_found"


@dataclass(frozen=True, slots=True)
class Call(Generic[P]):
    """One run: with what, why, by whom and when. `requested_by` and `confirmed_by` are accounts, `actor` an audit name.

    With `dry_run` the command only says what it would do; an atomic one is given a connection that cannot write, a stepwise
    one must not save.
    """

    params: P
    reason: str
    actor: str
    requested_by: str
    at: datetime
    confirmed_by: str | None = None
    dry_run: bool = False


def never(_params: BaseModel) -> bool:
    """Say that no second operator is needed, whatever is asked for."""
    return False


@dataclass(frozen=True)
class Command(Generic[P]):
    """One recovery command. `params` is the model of its parameters, camelCase on the wire.

    `settle` fixes what a request leaves open (say, which nodes), so that a second operator confirms exactly what will be
    done. `second_operator_when` says in words when `needs_second_operator` holds, "" for never; such a command is atomic.
    """

    name: str
    pillar: str
    when_to_use: str
    side_effects: str
    params: type[P]
    atomic: Callable[[AsyncConnection, Call[P]], Awaitable[Answer]] | None = None
    stepwise: Callable[[Call[P]], Awaitable[Answer]] | None = None
    settle: Callable[[AsyncConnection, Call[P]], Awaitable[P]] | None = None
    roles: Collection[str] = ("operator",)
    supports_dry_run: bool = False
    needs_second_operator: Callable[[P], bool] = never
    second_operator_when: str = ""

    def __post_init__(self) -> None:
        if (self.atomic is None) == (self.stepwise is None):
            raise ValueError(f"{self.name}: give it either `atomic` or `stepwise`")
        if self.atomic is None and self.second_operator_when:
            raise ValueError(f"{self.name}: a second operator needs an atomic command")

    def parsed(self, params: Mapping[str, Any]) -> P:
        """Return the parameters as their model. Raises BadInput that names the fields."""
        try:
            return self.params.model_validate(params)
        except ValidationError as error:
            found = [(".".join(map(str, each["loc"])) or "params", words_of(each)) for each in error.errors()]
            raise BadInput(
                f"{self.name} cannot take this: {'; '.join(f'{name}: {said}' for name, said in found)}",
                subject=", ".join(name for name, _ in found), remedy="`ruach ops commands` lists what it takes.",
            ) from None  # fmt: skip

    def to_wire(self) -> dict[str, Any]:
        """Return what a list of commands shows of it; `parameters` is a JSON schema."""
        return {
            "name": self.name, "pillar": self.pillar, "whenToUse": self.when_to_use, "sideEffects": self.side_effects,
            "parameters": self.params.model_json_schema(by_alias=True), "roles": sorted(self.roles),
            "supportsDryRun": self.supports_dry_run, "needsSecondOperator": bool(self.second_operator_when),
            "secondOperatorWhen": self.second_operator_when,
        }  # fmt: skip


class CommandRegistry:
    """All recovery commands of the running program, by name."""

    def __init__(self, commands: Iterable[Command[Any]]) -> None:
        """Take the commands of every pillar; raise ValueError if two have one name."""
        self._commands: dict[str, Command[Any]] = {}
        for command in commands:
            if self._commands.setdefault(command.name, command) is not command:
                raise ValueError(f"two commands are called {command.name}")

    def every(self) -> list[Command[Any]]:
        """Return the commands by name."""
        return [self._commands[name] for name in sorted(self._commands)]

    def named(self, name: str) -> Command[Any]:
        """Return a command. Raises CommandNotFound that names those there are."""
        found = self._commands.get(name)
        if found is None:
            raise CommandNotFound(subject=name, remedy=f"There are {', '.join(sorted(self._commands))}.")
        return found


def wire_params(params: BaseModel) -> dict[str, Any]:
    """Return parameters as plain JSON under their wire names; what was left out stays out."""
    return params.model_dump(mode="json", by_alias=True, exclude_none=True)


def checked_reason(reason: str) -> str:
    """Return the reason trimmed, or raise BadInput: no recovery is anonymous."""
    plain = reason.strip()
    if not plain or len(plain) > REASON_LENGTH_MAX or "\x00" in plain:
        fact = f"it has more than {REASON_LENGTH_MAX} characters or a NUL" if plain else "a recovery command needs a reason"
        raise BadInput(fact, subject="reason", remedy="Say in a sentence why, for the audit.")
    return plain
