"""Turn an account, a session or a token into one value that says who acts and what they may do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ruach_studio.kernel.errors import BadInput

ROLES = ("operator", "admin", "member")
# Staff rank: who administers the studio may also operate it. Members are another people, not a lower rank.
_IMPLIED = {"admin": frozenset({"operator"})}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts. `scopes` limits a service token; a person's session is not limited by scopes."""

    account_id: str
    email: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()
    kind: Literal["session", "service", "local"] = "session"

    @property
    def actor(self) -> str:
        """Return the name for audit rows: `session:<account id>`, `service:<token id>` or `local:<account id>`."""
        return f"{self.kind}:{self.account_id}"

    def holds_one_of(self, roles: Collection[str]) -> bool:
        """Say whether one of `roles` is held, an admin counting as an operator; an empty `roles` asks for none."""
        held = self.roles.union(*(_IMPLIED.get(role, frozenset()) for role in self.roles))
        return not roles or not held.isdisjoint(roles)

    def may_use(self, scope: str | None) -> bool:
        """Say whether `scope` is open: always to a person; to a service token only if it names a scope it holds."""
        return self.kind != "service" or (scope is not None and scope in self.scopes)


@dataclass(frozen=True, slots=True)
class Account:
    """A person. `email` is lower case."""

    account_id: str
    email: str
    display_name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """A machine's permission, without its secret."""

    token_id: str
    name: str
    roles: frozenset[str]
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None


def checked_roles(roles: Collection[str]) -> frozenset[str]:
    """Return `roles` as a set, or raise BadInput naming the unknown ones or their absence."""
    unknown = sorted(set(roles) - set(ROLES))
    if unknown or not roles:
        fact = f"unknown role {', '.join(unknown)}" if unknown else "no role is given"
        raise BadInput(fact, subject="roles", remedy=f"Use one or more of {', '.join(ROLES)}.")
    return frozenset(roles)
