"""The judge of the one-second window finds each kind of fault, and none where there is none."""

import random

import pytest

from ruach_studio.testing.window import Attempt, Judgement, judge


@pytest.mark.parametrize(
    ("told", "stored", "wrong"),
    [
        ([(0, True), (1_000_000, True), (999_999, False)], [0, 1_000_000], (0, 0, 0)),
        ([(0, True), (999_999, True)], [0, 999_999], (1, 0, 0)),
        ([(0, True), (0, True)], [0, 0], (1, 0, 0)),
        ([(0, True), (1_000_000, False)], [0], (0, 1, 0)),
        ([(0, False)], [], (0, 1, 0)),
        ([(0, True)], [], (0, 0, 1)),
        ([], [0], (0, 0, 1)),
        ([(0, True), (1, False), (-999_999, False), (-1_000_000, False)], [0], (0, 1, 0)),
    ],
)
def test_each_fault_is_found(told, stored, wrong):
    found = judge([Attempt("a", *each) for each in told], [("a", at) for at in stored])
    assert (found.violations, found.unjustified, found.astray) == wrong


def test_keys_do_not_touch_one_another():
    assert judge([Attempt("a", 0, True), Attempt("b", 1, True)], [("a", 0), ("b", 1)]) == Judgement(2, 0, 0, 0, 0)


def test_it_agrees_with_comparing_every_pair():
    dice = random.Random(3)
    for _ in range(200):
        stored = [(dice.choice("ab"), dice.randrange(0, 6_000_000, 250_000)) for _ in range(8)]
        refused = [(dice.choice("ab"), dice.randrange(0, 6_000_000, 250_000)) for _ in range(8)]
        found = judge([*(Attempt(*each, True) for each in stored), *(Attempt(*each, False) for each in refused)], stored)
        near = sum(not any(k == key and abs(t - at) < 1_000_000 for k, t in stored) for key, at in refused)
        assert (found.unjustified, found.astray) == (near, 0)
        pairs = any(k == key and abs(t - at) < 1_000_000
                    for n, (key, at) in enumerate(stored) for k, t in stored[:n])  # fmt: skip
        assert (found.violations > 0) == pairs
