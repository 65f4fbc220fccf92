"""Every route by every role: what the table promises is what a request gets."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.auth.service_tokens import issue_service_token
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.http.access import list_access

ID = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
TABLE = Path(__file__).with_name("route_table.txt").read_text()
ENDLESS = {"/ops/events"}  # streams that begin at once; who may not is turned away before, which is tested


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    who: str
    scope: str | None

    @property
    def roles(self):
        return set() if self.who in ("public", "anyone signed in") else set(self.who.split(" or "))

    @property
    def address(self):
        return re.sub(r"\{[^}]*\}", ID, self.path)

    def expected(self, roles, scopes=None):
        """Return 401, 403 or None (it may) for a caller; `scopes` are those of a machine."""
        if self.who == "public":
            return None
        if roles is None:
            return 401
        held = set(roles) | ({"operator"} if "admin" in roles else set())
        if self.roles and not self.roles & held:
            return 403
        return 403 if scopes is not None and self.scope not in scopes else None


def rows():
    who, scope = "", None
    for line in TABLE.splitlines():
        if found := re.fullmatch(r"\[([a-z ]+)(?:, (.*))?\]", line):
            who, scope = found[1], None if found[2] in (None, "people only") else found[2]
        elif line and not line.startswith("#"):
            methods, path = line.split(" ")
            yield from (Row(method, path, who, scope) for method in methods.split(","))


ROWS = list(rows())
SCOPES = sorted({row.scope for row in ROWS if row.scope})


def test_each_route_has_its_line_and_each_line_its_route(api):
    real = set()
    for each in list_access(api):
        (guard,) = each.guards
        who = "public" if guard.public else " or ".join(sorted(guard.roles)) or "anyone signed in"
        real.add(Row(each.method, each.path, who, guard.scope))
    listed = set(ROWS)
    assert len(listed) == len(ROWS), "a line stands twice"
    assert real - listed == set(), "routes without a line in route_table.py"
    assert listed - real == set(), "lines without a route"


@pytest.mark.parametrize("role", [None, "member", "operator", "admin"])
async def test_people_get_what_the_table_says(caller, role):
    client = await (caller(role) if role else caller())
    await asked(client, lambda row: row.expected([role] if role else None))


@pytest.mark.parametrize("role", ["member", "operator", pytest.param("admin", marks=pytest.mark.slow)])
@pytest.mark.parametrize("scope", ["own", "none"])
async def test_machines_need_the_role_and_the_scope(caller, database, role, scope):
    client = await caller()
    scopes = SCOPES if scope == "own" else ["nothing:read"]
    client.headers["authorization"] = f"Bearer {await secret(database, role, scopes)}"
    await asked(client, lambda row: row.expected([role], scopes))


async def test_one_scope_opens_no_other_scope_s_routes(caller, database):
    """Each scope by itself, at one of its routes and two that it does not open, drawn from a seed."""
    client, dice = await caller(), random.Random(11)
    for scope in SCOPES:
        client.headers["authorization"] = f"Bearer {await secret(database, 'operator', [scope])}"
        own = [row for row in ROWS if row.scope == scope]
        others = [row for row in ROWS if row.scope != scope]
        drawn = dice.sample(own, 1) + dice.sample(others, 2)
        await asked(client, lambda row, scope=scope: row.expected(["operator"], [scope]), drawn, least=1)


@pytest.mark.slow
@pytest.mark.parametrize("role", ["member", "operator", "admin"])
@pytest.mark.parametrize("scope", SCOPES)
async def test_one_scope_opens_its_routes_and_no_others(caller, database, role, scope):
    client = await caller()
    client.headers["authorization"] = f"Bearer {await secret(database, role, [scope])}"
    await asked(client, lambda row: row.expected([role], [scope]))


async def asked(client: httpx.AsyncClient, expected, routes=ROWS, least=100):
    """Ask for the routes; a caller that may gets any answer but 401 and 403, and never a fault of the server."""
    wrong, tried = [], 0
    for row in routes:
        wanted = expected(row)
        if row.who == "public" or (wanted is None and row.path in ENDLESS):
            continue
        answer = await client.request(row.method, row.address, json={})
        fits = answer.status_code == wanted if wanted else answer.status_code not in (401, 403) and answer.status_code < 500
        if not fits:
            wrong.append(f"{row.method} {row.path}: {answer.status_code}, not {wanted or 'let in'}: {answer.text[:200]}")
        tried += 1
    assert not wrong, "\n".join(wrong)
    assert tried >= least


async def secret(database, role, scopes):
    """Return a service token's secret."""
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            owner = await ensure_local_operator(tx)
            issued = await issue_service_token(tx, name="a machine", roles=[role], scopes=scopes, created_by=owner)
    return issued.secret
