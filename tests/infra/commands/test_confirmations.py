"""A forced command waits for a different person, for 24 hours, and runs once, whoever and however many confirm it."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.infra.audit import verify_chain
from ruach_studio.infra.auth.accounts import disable_account
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import (
    AlreadyRequested,
    ConfirmationNotFound,
    NotPending,
    SamePerson,
    confirm,
    list_confirmations,
    perform,
    reject,
)  # fmt: skip
from ruach_studio.infra.context import new_id
from ruach_studio.kernel.errors import BadInput, Conflict, Forbidden, Malformed

from .conftest import NOON


@pytest.fixture
async def anna(person):
    return await person("anna")


@pytest.fixture
async def ben(person):
    return await person("ben")


@pytest.fixture
async def asked(given, anna, ben):
    """A request of Anna's, made when Ben was an operator already."""
    return (await perform(given, anna, "test.open", {"forced": True}, reason="locked out")).confirmation


async def test_it_waits_then_runs_for_both_names(given, anna, ben, asked, done, trail, database):
    assert await done() == []
    assert asked.params == {"door": "the back door", "forced": True, "fails": False}, "what is confirmed is fixed"
    assert asked.preview["opens"] == "the back door"
    assert (asked.requested_by_email, asked.expires_at) == ("anna@studio.test", NOON + timedelta(hours=24))
    outcome = await confirm(given, ben, asked.id, reason="I called her")
    assert (outcome.status, outcome.run_id) == ("done", asked.id)
    assert await done() == [f"{anna.account_id}+{ben.account_id}"]
    assert await trail(asked.id) == [
        (None, "awaiting-confirmation", anna.actor), ("awaiting-confirmation", "confirmed", ben.actor),
        ("confirmed", "done", anna.actor),
    ]  # fmt: skip
    (kept,) = await list_confirmations(given, state="executed")
    assert (kept.decided_by, kept.decision_reason, kept.result["confirmedBy"]) == (
        ben.account_id, "I called her", ben.account_id,
    )  # fmt: skip
    async with database.connection() as conn:
        assert await verify_chain(conn) == []


async def test_the_same_person_is_refused_in_every_shape(given, anna, asked, machine, done, trail):
    other_session = Principal(anna.account_id, anna.email, anna.roles)
    for shape in (anna, other_session, await machine(anna)):
        with pytest.raises(SamePerson):
            await confirm(given, shape, asked.id)
    assert await done() == []
    assert [row[:2] for row in await trail(asked.id)][1:] == [("awaiting-confirmation", "awaiting-confirmation")] * 3
    assert "second_operator_needed" in (await trail(asked.id, telling=True))[1][3]


async def test_who_asks_through_a_token_is_the_same_person(given, anna, ben, machine, done):
    waiting = (await perform(given, await machine(anna), "test.open", {"forced": True}, reason="x")).confirmation
    assert waiting.requested_by == anna.account_id
    with pytest.raises(SamePerson):
        await confirm(given, anna, waiting.id)
    await confirm(given, ben, waiting.id)
    assert await done() == [f"{anna.account_id}+{ben.account_id}"]


async def test_no_machine_no_command_line_no_member_and_no_newcomer_is_a_second_person(
    given, ben, asked, person, machine, local, clock, done
):
    clock.move(minutes=1)
    newcomer, member = await person("nora"), await person("mia", "member", at=NOON)
    for who in (await machine(ben), await local(), newcomer, member):
        with pytest.raises(Forbidden) as caught:
            await confirm(given, who, asked.id)
        assert not isinstance(caught.value, SamePerson)
    assert await done() == []


async def test_it_runs_out_after_24_hours(given, anna, ben, asked, clock, done, trail):
    clock.move(hours=23, minutes=59, seconds=59)
    assert [each.state for each in await list_confirmations(given)] == ["pending"]
    clock.move(seconds=1)
    with pytest.raises(NotPending, match="expired"):
        await confirm(given, ben, asked.id)
    assert await done() == []
    assert (await trail(asked.id))[-1] == ("awaiting-confirmation", "expired", "clock")
    again = await perform(given, anna, "test.open", {"forced": True}, reason="locked out")
    assert again.confirmation.id != asked.id
    await confirm(given, ben, again.confirmation.id)
    assert len(await done()) == 1


async def test_many_confirmations_at_once_have_one_effect(given, asked, person, done, trail, clock):
    clock.move(hours=1)
    second = [await person(f"p{n}", at=NOON) for n in range(8)]
    ends = await asyncio.gather(*(confirm(given, who, asked.id) for who in second), return_exceptions=True)
    assert sum(not isinstance(end, Exception) for end in ends) == 1
    assert {type(end) for end in ends if isinstance(end, Exception)} == {NotPending}
    assert len(await done()) == 1
    assert [row[1] for row in await trail(asked.id)] == ["awaiting-confirmation", "confirmed", "done"]


async def test_confirming_and_rejecting_at_once_do_one_of_them(given, anna, ben, person, done):
    cara = await person("cara")
    for _ in range(5):
        waiting = (await perform(given, anna, "test.open", {"forced": True}, reason="x")).confirmation
        before = len(await done())
        ends = await asyncio.gather(
            confirm(given, ben, waiting.id), reject(given, cara, waiting.id, reason="no"), return_exceptions=True
        )
        assert sum(isinstance(end, NotPending) for end in ends) == 1
        (state,) = [each.state for each in await list_confirmations(given) if each.id == waiting.id]
        assert len(await done()) - before == (state == "executed")


async def test_asking_twice_is_one_request_and_asking_for_anothers_is_refused(given, anna, ben, asked):
    again = await perform(given, anna, "test.open", {"door": "the back door", "forced": True}, reason="still locked out")
    assert again.confirmation == asked
    with pytest.raises(AlreadyRequested) as caught:
        await perform(given, ben, "test.open", {"forced": True}, reason="me too")
    assert asked.id in str(caught.value)
    other = await perform(given, ben, "test.open", {"door": "front", "forced": True}, reason="the other one")
    assert other.confirmation.id != asked.id


async def test_a_rejected_request_is_over(given, anna, ben, asked, done, trail):
    with pytest.raises(BadInput):
        await reject(given, ben, asked.id, reason=" ")
    ended = await reject(given, anna, asked.id, reason="found the key")
    assert (ended.state, ended.decided_by) == ("rejected", anna.account_id)
    with pytest.raises(NotPending, match="rejected"):
        await confirm(given, ben, asked.id)
    assert await done() == []
    assert (await trail(asked.id))[-1] == ("awaiting-confirmation", "rejected", anna.actor)


async def test_what_the_command_refuses_leaves_the_request_waiting(given, anna, ben, asked, database, done, trail):
    async with database.transaction() as tx:
        await tx.execute(sa.text("""UPDATE platform.confirmation SET params = params || '{"fails": true}'"""))
    with pytest.raises(Conflict, match="walled up"):
        await confirm(given, ben, asked.id)
    assert [each.state for each in await list_confirmations(given)] == ["pending"]
    assert (await trail(asked.id, telling=True))[-1][1:3] == ("awaiting-confirmation", ben.actor)
    assert await done() == []
    with pytest.raises(Conflict, match="walled up"):
        await perform(given, anna, "test.open", {"forced": True, "fails": True}, reason="x")
    assert len(await list_confirmations(given)) == 1


async def test_a_request_of_a_disabled_operator_is_not_carried_out(given, anna, ben, asked, database, done):
    async with database.transaction() as tx:
        await disable_account(tx, anna.account_id, actor="test", reason="left")
    with pytest.raises(Conflict, match="no operator any more"):
        await confirm(given, ben, asked.id)
    assert await done() == []


async def test_an_id_that_nobody_gave(given, ben):
    with pytest.raises(ConfirmationNotFound):
        await confirm(given, ben, new_id())
    with pytest.raises(Malformed):
        await confirm(given, ben, "x")
    with pytest.raises(ConfirmationNotFound):
        await reject(given, ben, new_id(), reason="no")


async def test_the_table_itself_refuses_one_person_twice(asked, database):
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as tx:
            await tx.execute(
                sa.text("UPDATE platform.confirmation SET state = 'executed', decided_by = requested_by, decided_at = now()")
            )
