"""Requests drawn from the OpenAPI document, as each role, by people and by machines (service tokens with every scope),
against the running service: no fault of the server, no answer that the document does not promise (status, content type,
shape, headers).

RUACH_FUZZ_EXAMPLES says how many requests an operation gets from each role; the draw is the same every time.
"""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from ruach_studio.testing.service import Service

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fuzz"), pytest.mark.timeout(3600)]
EXAMPLES = int(os.environ.get("RUACH_FUZZ_EXAMPLES", "2"))
SCOPES = sorted(set(re.findall(r"[a-z]+:[a-z]+", Path(__file__).parents[1].joinpath("app", "route_table.txt").read_text())))
# Streams without an end, and what would end the session that the requests are made with.
LEFT_OUT = ("/ops/events", "/auth/logout")
# These judge whether a request should have been taken, by the schema alone: an id that nobody knows is a 404 to us.
NOT_ASKED = (
    "negative_data_rejection", "positive_data_acceptance", "unsupported_method", "missing_required_header", "ignored_auth",
    "use_after_free", "ensure_resource_availability", "object_level_authorization", "allow_header_conformance",
)  # fmt: skip


@dataclass
class Found:
    """What was asked and what is wrong: the complaint by operation and status."""

    statuses: Counter = field(default_factory=Counter)
    wrong: dict = field(default_factory=dict)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    secrets = {"RUACH_STRIPE_WEBHOOK_SECRET": "whsec_fuzz", "RUACH_METRICS_TOKEN": "x" * 32}
    running = Service(tmp_path_factory.mktemp("fuzz"), secrets)
    running.start()
    for role in ("member", "operator", "admin"):
        running.account(f"{role}@example.org", role)
    yield running
    running.stop()


def token(service, role):
    """Return the secret of a machine that has the role and every scope."""
    cookies = dict(service.sign_in("admin@example.org").cookies)
    wanted = {"name": f"fuzz {role}", "roles": [role], "scopes": SCOPES}
    answer = httpx.post(f"{service.address}/auth/service-tokens", json=wanted, cookies=cookies, timeout=60)
    assert answer.status_code == 201, answer.text
    return answer.json()["secret"]


def ask_everything(service, signed):
    found = Found()
    load_all_checks()
    left_out = [CHECKS.get_one(name) for name in NOT_ASKED if name in CHECKS.get_all_names()]
    schema = schemathesis.openapi.from_url(f"{service.address}/openapi.json", timeout=120)
    for each in schema.get_all_operations():
        operation = each.ok()
        if operation.path not in LEFT_OUT and not operation.path.endswith("/progress"):
            ask(operation, signed, found, left_out)
    return found


def ask(operation, signed, found, left_out):
    @settings(
        max_examples=EXAMPLES, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def asking(case):
        answer = case.call(**signed, timeout=60)
        found.statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, excluded_checks=left_out)
        except FailureGroup as complaint:
            found.wrong.setdefault(f"{operation.label}: {answer.status_code}", str(complaint)[:600])

    asking()


@pytest.mark.parametrize("role", [None, "member", "operator", "admin"])
def test_every_answer_is_one_that_the_document_promises(service, role):
    cookies = dict(service.sign_in(f"{role}@example.org").cookies) if role else {}
    judge(role or "nobody", ask_everything(service, {"cookies": cookies}))


@pytest.mark.parametrize("role", ["member", "operator", "admin"])
def test_machines_get_no_other_answers(service, role):
    found = ask_everything(service, {"headers": {"Authorization": f"Bearer {token(service, role)}"}})
    judge(f"machine, {role}", found)
    assert 401 not in found.statuses, "its token is good"
    assert found.statuses[403] >= 50, "much is for people only"


def judge(who, found):
    print(f"{who}: {sum(found.statuses.values())} requests, {dict(sorted(found.statuses.items()))}")
    assert found.wrong == {}, "\n\n".join(found.wrong.values())
    assert sum(found.statuses.values()) >= 100
    assert max(found.statuses) < 500
