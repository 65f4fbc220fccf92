"""Passwords at their real strength: argon2id with 64 MiB, and no faster answer for an unknown account."""

import statistics
import time

import pytest
from argon2 import extract_parameters
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from ruach_studio.infra.auth import passwords

RIGHT, WRONG = "correct horse battery", "wrong horse battery"


@pytest.fixture(autouse=True)
def real_strength(monkeypatch):
    monkeypatch.setattr(passwords, "_HASHES", PasswordHash.recommended())
    passwords._hash_of_nobody.cache_clear()
    yield
    passwords._hash_of_nobody.cache_clear()


async def test_hashes_have_the_recommended_strength():
    strength = extract_parameters(await passwords.hashed(RIGHT))
    assert (strength.type.name, strength.memory_cost, strength.time_cost) == ("ID", 65536, 3)


async def test_a_hash_of_an_older_strength_is_renewed_at_sign_in():
    old = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024),)).hash(RIGHT)
    right, renewed = await passwords.matches(RIGHT, old)
    assert right
    assert renewed is not None
    assert extract_parameters(renewed).memory_cost == 65536
    assert await passwords.matches(RIGHT, renewed) == (True, None)


@pytest.mark.parametrize(("length", "usable"), [(11, False), (12, True), (256, True), (257, False)])
async def test_length_bounds(length, usable):
    if usable:
        assert (await passwords.matches("x" * length, await passwords.hashed("x" * length)))[0]
    else:
        with pytest.raises(passwords.WeakPassword, match=f"{length} characters"):
            await passwords.hashed("x" * length)


async def test_the_password_of_nobody_opens_nothing():
    assert await passwords.matches("the password of an account that does not exist", None) == (False, None)


async def test_an_unknown_email_costs_one_argon2_too():
    stored = await passwords.hashed("correct horse battery")

    async def median_s(stored_hash):
        taken_s = []
        for _ in range(5):
            started_s = time.perf_counter()
            assert (await passwords.matches(WRONG, stored_hash))[0] is False
            taken_s.append(time.perf_counter() - started_s)
        return statistics.median(taken_s)

    known_s, unknown_s = await median_s(stored), await median_s(None)
    assert unknown_s > 0.005  # a hash was really computed
    assert 1 / 4 < unknown_s / known_s < 4  # wide, for a busy machine; without the hash it is under 1/1000
