"""A command runs with a reason, for a role, once, and the audit tells it; a dry run leaves nothing behind."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ruach_studio.infra.audit import list_transitions, verify_chain
from ruach_studio.infra.commands import Command, CommandNotFound, CommandRegistry, perform
from ruach_studio.kernel.errors import BadInput, Conflict, Forbidden

from .conftest import WRITE, OpenParams, open_door


async def test_a_run_has_its_effect_and_its_row_in_the_audit(given, person, done, trail, database, correlation_id):
    anna = await person("anna")
    outcome = await perform(given, anna, "test.open", {"door": "front"}, reason=" it is cold ")
    assert (outcome.status, outcome.result["opens"]) == ("done", "front")
    assert await done() == [f"{anna.account_id}+None"]
    told = 'test.open {"door":"front","fails":false,"forced":false}: it is cold'
    assert await trail(outcome.run_id, telling=True) == [(None, "done", anna.actor, told)]
    async with database.connection() as conn:
        (row,) = await list_transitions(conn, entity="command")
        assert (row["automationId"], row["correlationId"]) == (outcome.run_id, correlation_id)
        assert await verify_chain(conn) == []


@pytest.mark.parametrize(
    ("name", "params", "reason", "dry_run", "kind", "subject"),
    [
        ("test.open", {}, "  ", False, BadInput, "reason"),
        ("test.open", {}, "x" * 501, False, BadInput, "reason"),
        ("test.open", {"window": 1}, "x", False, BadInput, "window"),
        ("test.open", {"forced": "maybe"}, "x", True, BadInput, "forced"),
        ("test.wander", {}, "x", True, BadInput, "dryRun"),
        ("test.shut", {}, "x", False, CommandNotFound, "test.shut"),
    ],
)
async def test_what_cannot_be_run_changes_nothing(given, person, done, trail, name, params, reason, dry_run, kind, subject):
    with pytest.raises(kind) as caught:
        await perform(given, await person("anna", "admin"), name, params, reason=reason, dry_run=dry_run)
    assert caught.value.subject == subject
    assert await done() == []
    assert await trail() == []


async def test_a_role_is_asked_for(given, person, done):
    with pytest.raises(Forbidden):
        await perform(given, await person("mia", "member"), "test.open", {}, reason="x")
    with pytest.raises(Forbidden):
        await perform(given, await person("olaf", "operator"), "test.wander", {}, reason="x")
    assert await done() == []
    assert (await perform(given, await person("ada", "admin"), "test.wander", {}, reason="x")).result == {"steps": 3}


async def test_a_dry_run_writes_nothing_and_cannot(given, person, done, trail):
    anna = await person("anna")
    outcome = await perform(given, anna, "test.open", {}, reason="look", dry_run=True)
    assert (outcome.status, outcome.run_id, outcome.result["opens"]) == ("dry-run", None, "the back door")
    assert (await done(), await trail()) == ([], [])

    async def write_anyway(tx, _call):
        await tx.execute(WRITE, {"key": "k", "by": "x"})

    sly = Command("test.sly", "test", "", "", OpenParams, atomic=write_anyway, supports_dry_run=True)
    given = type(given)(given.database, CommandRegistry([sly]), given.clock)
    with pytest.raises(DBAPIError, match="read-only"):
        await perform(given, anna, "test.sly", {}, reason="look", dry_run=True)


async def test_a_refused_run_changes_nothing_and_stands_in_the_audit(given, person, done, trail):
    anna, ada = await person("anna"), await person("ada", "admin")
    with pytest.raises(Conflict, match="walled up"):
        await perform(given, anna, "test.open", {"door": "front", "fails": True}, reason="cold")
    with pytest.raises(Conflict):
        await perform(given, ada, "test.wander", {"fails": True}, reason="lost")
    assert await done() == []
    assert await trail() == [
        (None, "refused", anna.actor), (None, "running", ada.actor), ("running", "refused", ada.actor),
    ]  # fmt: skip
    assert "| conflict: front: it is walled up" in (await trail(telling=True))[0][3]


async def test_a_failure_of_the_database_takes_the_effect_back_and_is_told(given, person, done, trail):
    async def breaks(tx, call):
        await open_door(tx, call)
        await tx.execute(sa.text("SELECT 1 / 0"))

    command = Command("test.break", "test", "", "", OpenParams, atomic=breaks)
    given = type(given)(given.database, CommandRegistry([command]), given.clock)
    anna = await person("anna")
    with pytest.raises(DBAPIError):
        await perform(given, anna, "test.break", {}, reason="cold")
    assert await done() == []
    assert await trail() == [(None, "failed", anna.actor)]


async def test_a_token_acts_for_who_made_it(given, person, machine, done):
    anna = await person("anna")
    robot = await machine(anna)
    await perform(given, robot, "test.open", {}, reason="scheduled")
    assert await done() == [f"{anna.account_id}+None"]


def test_the_list_says_all_that_a_page_needs(given):
    opened, wander = (each.to_wire() for each in given.registry.every())
    assert (opened["name"], opened["needsSecondOperator"], opened["supportsDryRun"]) == ("test.open", True, True)
    assert opened["secondOperatorWhen"] == "forced is true"
    assert set(opened["parameters"]["properties"]) == {"door", "forced", "fails"}
    assert (wander["roles"], wander["needsSecondOperator"], wander["supportsDryRun"]) == (["admin"], False, False)


def test_contradictory_commands_are_refused_when_they_are_made(given):
    with pytest.raises(ValueError, match="either"):
        Command("a", "t", "", "", OpenParams)
    with pytest.raises(ValueError, match="atomic"):
        Command("a", "t", "", "", OpenParams, stepwise=open_door, second_operator_when="always")
    with pytest.raises(ValueError, match=r"test\.open"):
        CommandRegistry([*given.registry.every(), Command("test.open", "t", "", "", OpenParams, atomic=open_door)])
